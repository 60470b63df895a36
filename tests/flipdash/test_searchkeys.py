"""The lists of the search indexes are sorted in by a task, for whoever inserts must never wait for it."""

import pytest
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import connection

from accounts.models import Activity
from flipdash import searchkeys, tasks
from tests.factories import found, make_transfer
from transactions.models import InternationalTransfer, MoneyTransfer, Payment

SEARCHED = (MoneyTransfer, InternationalTransfer, Payment, Activity)


@pytest.mark.django_db
def test_whoever_serves_can_clean_the_lists_of_all_search_indexes(admin, kopi_kita):
    """The app's role owns no index; the rows are found before and after, and cleaning twice does nothing."""
    transfer = make_transfer(kopi_kita, beneficiary_name="Zulaikha")
    scope = admin.scope("live")
    assert found(scope, "q=zulaikha") == [transfer.pk]
    assert searchkeys.clean_lists() > 0
    assert found(scope, "q=zulaikha") == [transfer.pk]
    assert searchkeys.clean_lists() == 0


@pytest.mark.parametrize("model", SEARCHED)
@pytest.mark.django_db
def test_an_insert_adds_to_a_list_and_never_sorts_it(model):
    """Of the tables' own indexes, as the database has them: a list, and a limit that is far away."""
    (index,) = (index for index in model._meta.indexes if isinstance(index, GinIndex))
    with connection.cursor() as cursor:
        cursor.execute("SELECT reloptions FROM pg_class WHERE relname = %s", [index.name])
        (options,) = cursor.fetchone()
    assert set(options) == {"fastupdate=on", "gin_pending_list_limit=65536"}


def test_the_clock_has_them_cleaned_every_two_seconds():
    planned = settings.CELERY_BEAT_SCHEDULE["clean-search-lists"]
    assert (planned["task"], planned["schedule"]) == (tasks.clean_search_lists.name, 2.0)


@pytest.mark.parametrize(("length", "field"), [(1, "day"), (searchkeys.DAYS, "days")])
def test_spans_side_by_side_are_asked_for_as_one(length, field):
    first, second, both = (searchkeys.Span(300, length), searchkeys.Span(301, length), searchkeys.Span(300, length, 2))
    assert both.facet == (field, ["300", "301"])
    assert (both.start, both.end) == (first.start, second.end)
    assert both.days == first.days + second.days
