"""How passwords are kept."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2(Argon2PasswordHasher):
    """Argon2id with trust.md §3's cost: 64 MiB of memory, two passes, one lane."""

    memory_cost = 65_536
    time_cost = 2
    parallelism = 1
