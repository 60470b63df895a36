"""The time. It is the database's, so that several machines agree (trust.md Z5); only the seed may override it."""

from datetime import datetime

from django.db import connections


def now(using: str = "default") -> datetime:
    """Return the database's time, in UTC; inside a transaction it is the moment when that began."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT now()")
        (moment,) = cursor.fetchone()
    return moment
