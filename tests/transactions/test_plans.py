"""How Postgres answers what a history asks: by an index, in bounded steps, whatever the table's size.

50,000 rows of several businesses, so that reading all of them is never the planner's cheapest way.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from flipdash import searchkeys
from flipdash.histories import finding
from flipdash.histories.paging import USUAL_ROWS, Cursor
from tests import factories
from transactions.models import MoneyTransfer

pytestmark = pytest.mark.django_db
ROWS, BUSINESSES = 50_000, 10
TABLES = {
    "money-transfers": "transactions_moneytransfer",
    "international-transfers": "transactions_internationaltransfer",
    "payments": "transactions_payment",
}
YEAR = "date_from=2026-01-01&date_to=2026-12-31"
SEARCHES = ("q=gayo", "q=zulaikha", "q=biji gayo", "q=xqzvw", "q=INV/2026/0481", "q=0481&in=text")
COMBINED = (
    "q=siti 2026-11-27",
    "q=gagal siti",
    "q=gagal kemarin",
    "q=zulaikha bulan lalu",
    "q=gayo 2025",
    "q=dibatalkan",
    "q=alasan lain",
    "q=siti alasan lain",
)
FAILURES = ("status=failed", "reason=other", f"reason=other&{YEAR}", "q=gayo&reason=other")
SHARED = ("", *COMBINED, *SEARCHES, *FAILURES, "status=successful", YEAR, f"q=gayo&{YEAR}", f"q=zulaikha&{YEAR}")
QUERIES = {
    "money-transfers": (
        *SHARED,
        *(
            "q=0012345678",
            "q=5678",
            "q=85000",
            "destination=va",
            "bank=bca",
            "via=api",
            "bank=bca&via=api&status=failed",
            *("q=siti 85000", "q=0481 85000", "q=bri gayo", "q=bni 46", "q=zulaikha bca", "q=5678 100000"),
        ),
        f"date_basis=completed&{YEAR}",
    ),
    "international-transfers": (*SHARED, "beneficiary=siti", "country=SG"),
    "payments": (
        *SHARED,
        *("q=500000", "q=gagal", "title=gayo", "sender=siti", "amount=500000", "channel=va", "settlement=pending"),
        f"date_basis=paid&{YEAR}",
    ),
}
ASKED = [(name, query) for name, queries in QUERIES.items() for query in queries]

# One row that the factories made is multiplied: the planner must see many rows and businesses, not many values.
MULTIPLY = """
INSERT INTO {table} ({columns})
SELECT {values} FROM {table} AS model,
    (SELECT n, pks[1 + n %% cardinality(pks)] AS business FROM generate_series(1, %s) AS n,
        (SELECT %s::bigint[] AS pks) AS businesses) AS more
WHERE model.id = %s
"""
VALUES = {
    "id": "model.id + n",
    "business_id": "business",
    "external_id": "'ext-' || n",
    "created_at": "model.created_at - n * interval '1 minute'",
    "completed_at": "model.completed_at - n * interval '1 minute'",
    "paid_at": "model.paid_at - n * interval '1 minute'",
    "amount": "10000 + n % 5000 * 100",
    "status": "CASE WHEN n % 20 = 0 THEN 'failed' ELSE 'successful' END",
    "reason": "CASE WHEN n % 400 = 0 THEN 'other' WHEN n % 20 = 0 THEN 'bank_refused' ELSE '' END",
    "account_number": "lpad((n * 7919 % 1000000007)::text, 10, '0')",
    "beneficiary_name": "'Siti Rahmawati ' || n % 97 || CASE WHEN n = 40000 THEN ' Zulaikha' ELSE '' END",
    "sender_name": "'Siti Rahmawati ' || n % 97 || CASE WHEN n = 40000 THEN ' Zulaikha' ELSE '' END",
    "remark": "'Biji kopi Gayo INV/2026/' || lpad((n % 10000)::text, 6, '0')",
    "via": "CASE WHEN n % 7 = 0 THEN 'api' ELSE 'dashboard' END",
    "destination_kind": "CASE WHEN n % 9 = 0 THEN 'va' ELSE 'bank' END",
}


@pytest.fixture(scope="module")
def filled(django_db_setup, django_db_blocker) -> Iterator[Any]:
    """Fill the three tables in one transaction, which is taken back at the end of the module."""
    from django.db import transaction

    with django_db_blocker.unblock(), transaction.atomic():
        business = factories.make_business("Kopi Plan")
        others = [factories.make_business(f"Other {number}").pk for number in range(BUSINESSES - 1)]
        makers = (factories.make_transfer, factories.make_international, factories.make_payment)
        with connection.cursor() as cursor:
            for table, make in zip(TABLES.values(), makers, strict=True):
                row = make(business)
                columns = [field.column for field in row._meta.concrete_fields]
                never_settled = {
                    "settlement_status": "''",
                    "settled_at": "NULL",
                    "settled_amount": "NULL",
                    "paid_at": "NULL",
                }
                known = VALUES | (never_settled if "settled_at" in columns else {})
                known |= {"completed_at": f"CASE WHEN n % 20 > 0 THEN {VALUES['completed_at']} END"}
                values = ", ".join(known.get(column, f"model.{column}") for column in columns).replace("%", "%%")
                sql = MULTIPLY.format(table=table, columns=", ".join(columns), values=values)
                cursor.execute(sql, [ROWS, [business.pk, business.pk, *others], row.pk])
                cursor.execute(f"ANALYZE {table}")
            searchkeys.clean_lists()
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")  # not after each test
        yield factories.make_member(business).scope("live")
        transaction.set_rollback(True)


def plans(queries: CaptureQueriesContext) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the statements that read transactions, each with its plan, executed."""
    for query in list(queries.captured_queries):
        sql = query["sql"]
        if sql.startswith(("SELECT", "(SELECT", "WITH")) and any(table in sql for table in TABLES.values()):
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
                (found,) = cursor.fetchone()
            plan = json.loads(found) if isinstance(found, str) else found
            yield sql, plan[0]["Plan"]


@contextmanager
def read_by_index() -> Iterator[None]:
    """Keep Postgres from reading all of so small a table for the rows of a month, which are three in a hundred."""
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        yield
        cursor.execute("RESET enable_seqscan")


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a plan and all that is under it."""
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


def rows_read(plan: dict[str, Any]) -> float:
    """Return how many rows of transactions a plan took from their table."""
    return sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in nodes(plan)
        if node.get("Relation Name") in TABLES.values()
    )


def check(queries: CaptureQueriesContext, *, most: int) -> None:
    found = list(plans(queries))
    assert found
    for sql, plan in found:
        assert "OFFSET" not in sql.upper()
        scans = [n for n in nodes(plan) if n["Node Type"] == "Seq Scan" and n.get("Relation Name") in TABLES.values()]
        assert not scans, (sql, plan)
        assert rows_read(plan) <= most, (rows_read(plan), sql)


@pytest.mark.parametrize(("name", "query"), ASKED)
def test_a_page_and_its_count_are_read_by_an_index_in_bounded_steps(filled, name, query):
    """The first page, the next, and the one back; a page reads no more than a search looks at, a count no more than
    its business has."""
    history = factories.history(filled, query, name)
    assert history.is_valid, history.address.form.errors
    with CaptureQueriesContext(connection) as pages:
        first = history.page()
        for direction in ("before", "after") if first.rows else ():
            cursor = Cursor.of(first.rows[-1]).sign(name, filled)
            factories.history(filled, f"{query}&{direction}={cursor}", name).page()
    # Of a word and a month, the planner may take the month for the rarer: its rows are all that it can read.
    is_month = "bulan lalu" in query
    with read_by_index() if is_month else nullcontext():
        check(pages, most=4_000 if is_month else 2_500)
    with CaptureQueriesContext(connection) as counts:
        assert history.count(first.plan) is not None
    check(counts, most=12_000)


@pytest.mark.parametrize(("name", "query"), ASKED)
def test_a_report_reads_its_business_alone(filled, name, query):
    """All of it, by an index where the business is a small part of the table: never another business's rows."""
    history = factories.history(filled, query, name)
    with CaptureQueriesContext(connection) as queries:
        list(history.rows().values_list("id"))
        history.totals()
    for _sql, plan in plans(queries):
        assert rows_read(plan) <= ROWS * 2 / (BUSINESSES + 1) + 100


@pytest.mark.parametrize("status", ["status=failed", "status=failed&status=cancelled"])
def test_what_is_rare_only_together_is_found_without_reading_the_rest(filled, status):
    """The facets of three common filters are intersected in the index: beside the nearest, no other row is read."""
    history = factories.history(filled, f"destination=va&via=api&{status}")
    with CaptureQueriesContext(connection) as pages:
        page = history.page()
    found = page.rows
    assert 0 < len(found) < 10
    ((_sql, by_index),) = (made for made in plans(pages) if "MATERIALIZED" in made[0])
    assert rows_read(by_index) == len(found)
    with CaptureQueriesContext(connection) as counts:
        assert history.count(page.plan) == len(found)
    check(counts, most=len(found))


@pytest.mark.parametrize("query", ["q=0099887766", "q=7766"])
def test_what_one_account_was_paid_often_is_read_a_page_at_a_time(filled, query):
    """3,000 old transfers to one account, none of them among the nearest."""
    columns = [field.column for field in MoneyTransfer._meta.concrete_fields]
    known = {"id": "next_transaction_id(created_at)", "account_number": "'0099887766'", "idempotency_key": "''"}
    known |= {"external_id": "'again-' || external_id"}
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO transactions_moneytransfer ({', '.join(columns)})"
            f" SELECT {', '.join(known.get(column, column) for column in columns)} FROM transactions_moneytransfer"
            " WHERE business_id = %s ORDER BY created_at LIMIT 3000",
            [filled.business.pk],
        )
        cursor.execute("ANALYZE transactions_moneytransfer")
    with CaptureQueriesContext(connection) as pages:
        assert len(factories.history(filled, query).page().rows) == USUAL_ROWS
    check(pages, most=120)


def test_longer_numbers_are_gathered_whole_and_not_walked_for(filled):
    """With a limit Postgres walked through 3,000,000 rows for what it took for common: 1.5 s, where there was none."""
    with CaptureQueriesContext(connection) as pages:
        factories.history(filled, "q=0012345678").page()
    ((sql, _plan),) = (made for made in plans(pages) if " UNION " in made[0])
    parts = sql.partition("SELECT ARRAY")[0].split("AS (SELECT")
    ordered = {"~>~" in part: "ORDER BY" in part for part in re.split(r"found_\d AS", parts[0] + " ".join(parts[1:]))}
    assert ordered == {True: False, False: True}


def test_the_rows_of_one_status_are_looked_at_where_they_are(filled):
    """None of the nearest rows is cancelled, many older ones are: a page of them is read in its order, not all."""
    for hours in range(200):
        old = timezone.now() - timedelta(days=900, hours=hours)
        pk = 2_401_010_000_000_000_000 + hours  # no number that the multiplied rows have
        factories.make_transfer(filled.business, id=pk, status="cancelled", created_at=old)
    with CaptureQueriesContext(connection) as pages:
        assert len(factories.history(filled, "status=cancelled").page().rows) == USUAL_ROWS
    check(pages, most=120)


def test_a_page_id_is_read_by_its_key(filled):
    row = factories.history(filled).page().rows[0]
    with CaptureQueriesContext(connection) as queries:
        assert [found["id"] for found in factories.history(filled, f"q={row['id']}").page().rows] == [row["id"]]
    check(queries, most=3)


def test_a_word_that_is_common_elsewhere_is_not_looked_for_there(filled, monkeypatch):
    """The keys are a business's own: what others write costs a search here nothing."""
    monkeypatch.setattr(finding, "NEAREST", 1)
    other = factories.make_member(factories.make_business("Quiet")).scope("live")
    factories.make_transfer(other.business, remark="nothing of that", beneficiary_name="Budi")
    with CaptureQueriesContext(connection) as queries:
        assert factories.history(other, "q=gayo").page().rows == []
    check(queries, most=2)


@pytest.mark.parametrize("said", ["siti rahmawati 33333", "biji gayo 85000", "siti gayo 0481 bca"])
def test_each_thing_that_words_can_mean_is_asked_of_the_index(filled, said, monkeypatch):
    """Where Postgres expected few rows of the common words, it made the keys of each of them for what differs: "refund
    order 62533" took ten seconds among a million rows."""
    monkeypatch.setattr(finding, "NEAREST", 50)
    with CaptureQueriesContext(connection) as asked:
        factories.history(filled, f"q={said}").page()
    led = [(sql, plan) for sql, plan in plans(asked) if sql.startswith("WITH gathered")]
    assert led
    for sql, plan in led:
        made_again = [n for n in nodes(plan) if "search_row" in n.get("Filter", "") and n["Rows Removed by Filter"]]
        assert not made_again, sql


def test_a_typing_error_that_has_every_third_letter_of_a_common_word_is_soon_known_for_one(filled, monkeypatch):
    """ "Payyroll" was looked for in each of 500 days: the rows of "payroll" have all keys that it was asked by."""
    monkeypatch.setattr(finding, "NEAREST", 50)
    monkeypatch.setattr(finding, "GATHERED", 100)
    with CaptureQueriesContext(connection) as asked:
        assert factories.history(filled, "q=rahhmawati").page().rows == []
    assert len(asked) <= 6
    with CaptureQueriesContext(connection) as asked:
        assert factories.history(filled, "q=rahmawati").page().rows
