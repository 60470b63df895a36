"""A worker keeps its connections from task to task, as a page does, and closes those that are old or broken."""

import pytest
from django.db import connection

from flipdash.celery import KeepsConnections, app
from tests.superuser import superuser

pytestmark = pytest.mark.django_db(transaction=True)


class Task:
    """A task as Celery tells of it."""

    class request:
        is_eager = False


@pytest.fixture
def fixup():
    (ours,) = app._fixups
    assert isinstance(ours.worker_fixup, KeepsConnections)
    return ours.worker_fixup


def test_tasks_share_a_connection_until_it_is_old(fixup):
    connection.ensure_connection()
    kept, connection.close_at = connection.connection, None
    fixup.on_task_postrun(Task)
    fixup.on_task_prerun(Task)
    assert connection.connection is kept
    connection.close_at = 0
    fixup.on_task_prerun(Task)
    assert connection.connection is None


def test_a_connection_that_broke_between_two_tasks_is_replaced(fixup):
    connection.ensure_connection()
    kept, connection.close_at = connection.connection, None
    fixup.on_task_postrun(Task)
    with superuser() as above:
        above.execute("SELECT pg_terminate_backend(%s, 5000)", [kept.info.backend_pid])
    fixup.on_task_prerun(Task)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    assert connection.connection is not kept


def test_what_a_process_is_born_with_it_never_uses(fixup):
    connection.ensure_connection()
    connection.close_at = None
    fixup._close_database()
    assert connection.connection is None
