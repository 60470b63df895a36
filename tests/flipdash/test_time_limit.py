"""A limit of time holds for all statements of a block together."""

from time import monotonic

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from flipdash import db

pytestmark = pytest.mark.django_db


def sleep(seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [seconds])


def timeout() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        return str(cursor.fetchone()[0])


def test_one_slow_statement_is_stopped():
    began = monotonic()
    with pytest.raises(db.TooSlow), db.time_limit(50):
        sleep(5)
    assert monotonic() - began < 4


def test_many_small_statements_are_stopped_too():
    """A search went through 400 spans of days, each in some tenths of a second: the page held its thread for 46 s."""
    done = 0
    with pytest.raises(db.TooSlow), db.time_limit(100):
        for done in range(1_000):  # noqa: B007
            sleep(0.005)
    assert 0 < done < 30


def test_what_is_left_is_all_that_the_last_statement_has():
    began = monotonic()
    with pytest.raises(db.TooSlow), db.time_limit(400):
        sleep(0.2)
        sleep(30)
    assert monotonic() - began < 10


def test_a_new_limit_begins_anew():
    with db.time_limit(60_000) as limit:
        limit(30)
        with pytest.raises(db.TooSlow), db.time_limit(20):  # of its own, in a savepoint
            sleep(1)
        limit(60_000)
        sleep(0.04)


def test_savepoints_inside_end_in_order_when_the_time_is_over():
    with pytest.raises(db.TooSlow), db.time_limit(10), transaction.atomic():
        sleep(0.009)
        for _again in range(100):
            sleep(0.001)
    assert timeout()  # the connection is of use


def test_quick_statements_cost_no_more_than_one_to_begin_with():
    with CaptureQueriesContext(connection) as made, db.time_limit(60_000):
        for _again in range(5):
            sleep(0)
    assert sum("set_config" in one["sql"] for one in made) == 1
