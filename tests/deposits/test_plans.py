"""Deposit History behind row level security: ids and amounts are found by an index, a page reads its own rows alone.

That lets Postgres use an index only for comparisons that leak nothing, which is why this is looked at apart from
tests/transactions/test_plans.py.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from deposits import ledger
from deposits.ledger import Source
from deposits.ledger.history import DepositHistory
from deposits.topups.history import TopUpHistory
from flipdash import rls

pytestmark = pytest.mark.django_db
ENTRIES = 60
NEVER = ("seqscan", "sort", "incremental_sort", "bitmapscan", "hashjoin", "mergejoin", "material")
"""What the planner does with small tables, by what the tests before have left of statistics."""
FIRST = 2_603_010_200_000_000_000


@pytest.fixture
def filled(scope) -> Iterator[Any]:
    """Some entries; the planner is kept from what it would never choose if there were many."""
    with rls.inside(scope):
        ledger.top_up(scope, Source("top_up", 1), amount=1_000_000_000, bank="bca")
        for number in range(ENTRIES):
            ledger.hold(scope, Source("money_transfer", FIRST + number), amount=10_000 + number)
        with connection.cursor() as cursor:
            cursor.execute("; ".join(f"SET LOCAL enable_{way} = off" for way in NEVER))
        yield scope


def conditions(queries: CaptureQueriesContext) -> tuple[str, str]:
    """Return by what indexes find entries and postings, and what is looked at only in the rows that they find."""
    asked, filtered = [], []
    for query in list(queries.captured_queries):
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (FORMAT JSON) {query['sql']}")
            (found,) = cursor.fetchone()
        for node in nodes((json.loads(found) if isinstance(found, str) else found)[0]["Plan"]):
            if node.get("Relation Name") in {"deposits_entry", "deposits_posting"}:
                asked.append(f"{node.get('Index Name')}: {node.get('Index Cond')}")
                filtered.append(node.get("Filter", ""))
    return "; ".join(asked), "; ".join(filtered)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a plan and all that is under it."""
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


@pytest.mark.parametrize(
    ("query", "rows", "by", "never_filtered"),
    [
        ("", 50, "entry_newest: ", "account_id"),
        (f"q={FIRST + 7}", 1, "source_id = ", "source_id"),
        ("q=Rp10.044", 1, "amount = ", "amount"),
        ("q=1000000000", 1, "amount = ", "amount"),
    ],
)
def test_an_index_finds_what_is_asked(filled, query, rows, by, never_filtered):
    with CaptureQueriesContext(connection) as queries:
        assert len(DepositHistory(filled, QueryDict(query)).page().rows) == rows
    asked, filtered = conditions(queries)
    assert by in asked
    assert never_filtered not in filtered


def test_a_note_is_looked_for_in_the_business_s_own_rows(scope):
    """No index of words helps behind row level security, so none is asked."""
    with rls.inside(scope), CaptureQueriesContext(connection) as queries:
        history = TopUpHistory(scope, QueryDict("q=gaji"))
        assert history.page().rows == []
    assert all("search_keys" not in query["sql"] for query in queries.captured_queries)
    assert any("STRPOS" in query["sql"] for query in queries.captured_queries)
