"""The bench's own Postgres, durable, kept under var/bench; and a Valkey that is thrown away.

Settings are those of a small server of its own with 8 GB: what docs/performance.md tells people to set. fsync is on.
"""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from devtools.local import places, postgres, valkey
from devtools.local.processes import stop

SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "2GB",
    "effective_cache_size": "8GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "max_connections": "200",
}
PRODUCTION = {
    "LOCAL": "",
    "ALLOWED_HOSTS": "testserver,127.0.0.1",
    "EMAIL_URL": "smtp://127.0.0.1:9",  # nobody is there
    "SITE_URL": "http://127.0.0.1",
    "SECURE_SSL_REDIRECT": "0",
}
HOME = places.VAR / "bench"


@contextlib.contextmanager
def services(name: str) -> Iterator[Path]:
    """Start the cluster `name` and a Valkey, put their addresses into the environment, and stop them at the end."""
    with places.lock(HOME / f"{name}.lock") as is_ours:
        if not is_ours:
            raise SystemExit(f"Another bench uses var/bench/{name}.")
        place = places.make_outside(postgres.account())
        with contextlib.ExitStack() as stack:
            stack.callback(shutil.rmtree, place, ignore_errors=True)
            cache = valkey.start_valkey(place, keep=False)
            stack.callback(stop, cache)
            server = postgres.start_postgres(place, keep=True, data=HOME / name, extra=SETTINGS)
            stack.callback(stop, server, grace=120)
            os.environ.update(postgres.urls(place) | valkey.urls(place))
            os.environ.update(
                PRODUCTION | {"SECRET_KEY": secrets.token_urlsafe(50), "SEALING_KEYS": secrets.token_hex(32)}
            )
            yield place


def superuser_url(place: Path) -> str:
    """Return how to reach the cluster's database as its superuser, which loads rows and reads plans."""
    return f"postgres://postgres@/{postgres.DATABASE}?host={place}"
