"""Connections as the database's owner, and as its superuser, who can plant what checks have to find."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.db import connection


def connect(variable: str) -> psycopg.Connection:
    """Return a connection to the test's database as the role that the variable's address names."""
    parts = urlsplit(os.environ[variable])
    return psycopg.connect(urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}")))


@contextmanager
def superuser() -> Iterator[psycopg.Connection]:
    """Yield the superuser's connection, on which no trigger works; it commits at the end."""
    with connect("FLIPDASH_SUPERUSER_URL") as connected:
        connected.execute("SET session_replication_role = replica")
        yield connected
