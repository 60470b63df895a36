"""What the database computes for several apps."""

from django.db import models


class NextTransactionId(models.Func):
    """A new 19-digit transaction id, made by Postgres (migration 0001, design.md §3)."""

    function = "next_transaction_id"
    template = "%(function)s(now())"
    output_field = models.BigIntegerField()
    arity = 0
