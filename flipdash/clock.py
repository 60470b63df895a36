"""The time. It is the database's, so that several machines agree (trust.md Z5); only the seed may override it."""

from datetime import datetime

from django.db import connection


def now() -> datetime:
    """Return the database's time, in UTC."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        (moment,) = cursor.fetchone()
    return moment
