"""The Activity Log finds words by the index of its search keys."""

import pytest
from django.db import connection

from accounts.models import Activity
from tests import factories

pytestmark = pytest.mark.django_db


def test_words_are_found_by_their_keys(scope):
    """Only an index that can answer the condition is left to the planner, and this one does."""
    history = factories.history(scope, "q=approved", "activity")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
    rows = Activity.objects.filter(history.asked.keys).order_by()
    assert "activity_words" in rows.explain()
