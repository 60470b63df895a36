"""Why the deposit isn't what it was yesterday, and what a month came to: always the sum of the entries themselves."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.db.models import DateTimeField, Value
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Business
from accounts.permissions import Role
from accounts.sign_in import backend
from deposits import ledger
from deposits.ledger import Line, Source
from deposits.ledger.history import DepositHistory
from deposits.models import AccountKind, DepositEntry, Entry, PostingKind
from deposits.overview import cashflow
from deposits.overview.cashflow import DAYS, MOVEMENTS, Bridge
from flipdash import clock, money, rls
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("as_operator")]  # who alone posts corrections
PAGE = "/deposit/"
WIB = ZoneInfo("Asia/Jakarta")
NOON = datetime(2026, 11, 29, 12, 0, tzinfo=WIB)
MIDNIGHT = NOON.replace(hour=0)
LAST_SECOND = MIDNIGHT - timedelta(seconds=1)


@pytest.fixture
def noon(monkeypatch) -> datetime:
    """It is noon in Jakarta, for whoever asks the clock, and for requests, which learn it with who asks."""
    monkeypatch.setattr(clock, "now", lambda using="default": NOON.astimezone(UTC))
    monkeypatch.setattr(backend, "Now", lambda: Value(NOON, output_field=DateTimeField()))
    return NOON


def flow_of(scope) -> cashflow.Cashflow:
    with rls.inside(scope):
        return cashflow.cashflow(scope)


def said(bridge: Bridge) -> dict[str, tuple[int, int]]:
    return {str(line.label): (line.entries, line.rupiah) for line in bridge.lines}


def correct(scope, amount: int, number: int, at: datetime) -> ledger.Posted:
    lines = [Line(AccountKind.AVAILABLE, amount), Line(AccountKind.CLEARING, -amount, "bca")]
    return ledger.post(scope, PostingKind.ADJUSTMENT, Source("case", number), lines, effective_at=at)


@pytest.fixture
def midnight(scope, noon) -> Any:
    """Movements of every kind on both sides of midnight."""
    with rls.inside(scope):
        ledger.top_up(
            scope, Source("top_up", 1), amount=10_000_000, bank="bca", effective_at=MIDNIGHT - timedelta(days=3)
        )
        for number in (1, 2, 3):
            ledger.hold(scope, Source("money_transfer", number), amount=102_500, effective_at=LAST_SECOND)
        wrong = correct(scope, 5_000, 1, LAST_SECOND)
        how = {"amount": 100_000, "fee": 2_500, "rail": "simulator"}
        ledger.capture(scope, Source("money_transfer", 1), **how, effective_at=LAST_SECOND)
        ledger.capture(scope, Source("money_transfer", 2), **how, effective_at=MIDNIGHT)
        ledger.release(scope, Source("money_transfer", 3), amount=102_500, effective_at=MIDNIGHT)
        ledger.reverse(scope, wrong.id, effective_at=MIDNIGHT)
        ledger.give_back(scope, Source("money_transfer", 1), amount=100_000, rail="simulator", effective_at=MIDNIGHT)
        ledger.hold(scope, Source("refund", 4), amount=70_000, effective_at=NOON)
        ledger.settle(scope, Source("payment", 5), amount=150_000, fee=4_000, channel="qris", effective_at=NOON)
        correct(scope, -1_000, 2, NOON)
        correct(scope, 3_000, 3, NOON)
    return scope


def test_the_edges_of_a_day(midnight):
    """What was held in the last second of yesterday is yesterday's, and what ended at 00:00 is today's."""
    flow = flow_of(midnight)
    assert flow.available.opening == 10_000_000 - 3 * 102_500 + 5_000
    assert said(flow.available) == {
        "Payments settled": (1, 146_000),
        "Held for transactions": (1, -70_000),
        "Released or returned": (2, 202_500),
        "Corrections": (3, -3_000),
    }
    assert flow.available.now == 9_973_000
    assert flow.held.opening == 2 * 102_500
    assert said(flow.held) == {
        "Held for transactions": (1, 70_000),
        "Released or returned": (1, -102_500),
        "Paid out": (1, -102_500),
    }
    assert flow.held.now == 70_000
    assert flow.available.closes
    assert flow.held.closes
    with rls.inside(midnight):
        assert ledger.balance(midnight) == ledger.Balance(flow.available.now, flow.held.now)


def test_each_line_leads_to_just_its_entries(midnight, web):
    """The list that opens has as many, and its own sum is the line's."""
    lines = flow_of(midnight).available.lines
    assert len(lines) == 4
    page = web.get(PAGE).content.decode()
    for line in lines:
        assert f'<a href="{line.url.replace("&", "&amp;")}">{line.label}</a>' in page
        with rls.inside(midnight):
            history = DepositHistory(midnight, QueryDict(line.url.partition("?")[2]))
            assert sum(row.amount for row in history.rows()) == line.rupiah
            assert history.sums()[-1][1] == f"{line.entries} · {money.moved(line.rupiah)}"
        assert web.get(line.url).context["results"].count == line.entries
    assert {line.url for line in flow_of(midnight).held.lines} == {""}, "no list has what is held"


def test_each_day_leads_to_just_its_entries(midnight, web):
    days = flow_of(midnight).days
    page = web.get(PAGE).content.decode()
    for day in (days[-1], days[-2], days[-4]):
        assert day.url.replace("&", "&amp;") in page
        with rls.inside(midnight):
            _opening, came_in, went_out, closing = dict(
                DepositHistory(midnight, QueryDict(day.url.partition("?")[2])).closing()
            ).values()
        assert (came_in, went_out, closing) == (day.came_in, day.went_out, day.balance)
    assert [(day.came_in, day.went_out) for day in days[:3]] == [(0, 0)] * 3
    assert days[0].balance == 0


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["top_up", "hold", "capture", "release", "return", "settle", "more", "less", "reverse"]),
        st.integers(1, 4),
        st.integers(1, 900),
        st.sampled_from([-40 * 86_400, -30 * 86_400, -29 * 86_400, -86_401, -86_400, -1, 0, 1, 3_599, 3_600, 40_000]),
    ),
    max_size=25,
)


@given(acts=ACTS, zone=st.sampled_from(Business.TimeZone.values), hour=st.integers(0, 23))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_always_closes_and_is_the_sum_of_the_entries(scope, monkeypatch, acts, zone, hour):
    """Anything in any order, at and around the edges of days, in each zone, whatever the hour is."""
    scope = replace(scope, business=_in_zone(scope.business, zone))
    begins = datetime(2026, 11, 29, tzinfo=ZoneInfo(zone))
    now = begins + timedelta(hours=hour)
    monkeypatch.setattr(clock, "now", lambda using="default": now.astimezone(UTC))
    with rls.inside(scope), transaction.atomic():
        for kind, number, amount, seconds in sorted(acts, key=lambda act: act[3]):
            at = min(begins + timedelta(seconds=seconds), now)
            _act(scope, kind, number, amount, at)
        flow = cashflow.cashflow(scope)
        for kind, bridge in ((AccountKind.AVAILABLE, flow.available), (AccountKind.HELD, flow.held)):
            entries = list(Entry.objects.filter(account__kind=kind).select_related("posting"))
            before, since = _split(entries, begins)
            assert bridge.opening == sum(entry.amount for entry in before)
            assert bridge.now == sum(entry.amount for entry in entries)
            assert said(bridge) == {
                str(movement.label): (len(moved), sum(entry.amount for entry in moved))
                for movement in MOVEMENTS
                if (moved := [entry for entry in since if entry.posting.kind in movement.kinds])
            }
            assert bridge.closes
        _compare_days(flow, zone)
        transaction.set_rollback(True)


def _in_zone(business: Business, zone: str) -> Business:
    business.time_zone = zone
    return business


def _act(scope, kind: str, number: int, amount: int, at: datetime) -> None:
    """Do it, if the ledger lets us: that it refuses much is tested elsewhere."""
    transfer, how = Source("transfer", number), {"effective_at": at}
    held = dict(Entry.objects.filter(posting__kind="hold", amount__gt=0).values_list("posting__source_id", "amount"))
    acts: dict[str, Callable[[], Any]] = {
        "top_up": lambda: ledger.top_up(scope, Source("top_up", number), amount=1_000 * amount, bank="bca", **how),
        "hold": lambda: ledger.hold(scope, transfer, amount=amount, **how),
        "capture": lambda: ledger.capture(scope, transfer, amount=held[number], fee=0, rail="bca", **how),
        "release": lambda: ledger.release(scope, transfer, amount=held[number], **how),
        "return": lambda: ledger.give_back(scope, transfer, amount=amount, rail="bca", **how),
        "settle": lambda: ledger.settle(
            scope, Source("payment", number), amount=amount + 9, fee=9, channel="qris", **how
        ),
        "more": lambda: correct(scope, amount, number, at),
        "less": lambda: correct(scope, -amount, number, at),
        "reverse": lambda: ledger.reverse(scope, Entry.objects.filter(amount__gt=0).first().posting_id, **how),
    }
    with suppress(ledger.LedgerError, KeyError, AttributeError):
        acts[kind]()


def _split(entries: list[Entry], begins: datetime) -> tuple[list[Entry], list[Entry]]:
    return [e for e in entries if e.created_at < begins], [e for e in entries if e.created_at >= begins]


def _compare_days(flow: cashflow.Cashflow, zone: str) -> None:
    entries = [
        (entry.created_at.astimezone(ZoneInfo(zone)).date(), entry.amount)
        for entry in Entry.objects.filter(account__kind=AccountKind.AVAILABLE)
    ]
    assert [day.day for day in flow.days] == [
        date(2026, 11, 29) - timedelta(days=ago) for ago in range(DAYS - 1, -1, -1)
    ]
    for day in flow.days:
        assert day.came_in == sum(amount for on, amount in entries if on == day.day and amount > 0)
        assert day.went_out == -sum(amount for on, amount in entries if on == day.day and amount < 0)
        assert day.balance == sum(amount for on, amount in entries if on <= day.day)


def test_every_kind_of_posting_is_in_one_movement():
    kinds = [kind for movement in MOVEMENTS for kind in movement.kinds]
    assert sorted(kinds) == sorted(PostingKind)


def test_every_zone_is_whole_hours_from_utc():
    """The turnover is kept by the hour, and a day begins with one."""
    for zone in Business.TimeZone.values:
        for month in range(1, 13):
            offset = datetime(2026, month, 1, tzinfo=ZoneInfo(zone)).utcoffset()
            assert offset is not None
            assert offset % timedelta(hours=1) == timedelta(0)


@pytest.mark.parametrize("mode", ["live", "test"])
def test_a_business_without_anything(web, noon, mode):
    page = web.get(PAGE if mode == "live" else f"/test{PAGE}").content.decode()
    assert "Nothing has moved today" in page
    assert "Nothing moved on these days." in page
    assert '<svg class="chart__picture' not in page


def test_a_day_on_which_nothing_moves(scope, web, noon):
    """The last entry is older than the chart, and still what there is."""
    with rls.inside(scope):
        old = {"effective_at": NOON - timedelta(days=90)}
        ledger.top_up(scope, Source("top_up", 1), amount=5_000_000, bank="bca", **old)
    flow = flow_of(scope)
    assert (flow.available.opening, flow.available.lines, flow.available.now) == (5_000_000, [], 5_000_000)
    assert {day.balance for day in flow.days} == {5_000_000}
    page = web.get(PAGE).content.decode()
    assert "Nothing has moved today" in page
    assert "28 Nov, 23:59" in page
    assert "Now, 12:00" in page


@pytest.mark.parametrize(
    ("amount", "words"), [(7_000, "Rp7,000 higher"), (-7_000, "Rp7,000 lower"), (0, "Money has moved today, but")]
)
def test_the_difference_is_said_in_a_sentence(scope, web, noon, amount, words):
    with rls.inside(scope):
        correct(scope, 50_000, 1, LAST_SECOND)
        correct(scope, amount - 100, 2, NOON)
        correct(scope, 100, 3, NOON)
    text = re.sub(r"</?strong>", "", web.get(PAGE).content.decode())
    assert words in text


def test_what_does_not_close_is_said(midnight, web, monkeypatch):
    assert "This doesn’t close" not in web.get(PAGE).content.decode()
    monkeypatch.setattr(
        cashflow, "TURNOVER", cashflow.TURNOVER.replace("SELECT balance_after", "SELECT balance_after + 1")
    )
    assert "This doesn’t close" in web.get(PAGE).content.decode()


def test_others_and_the_other_mode_are_not_in_it(midnight, toko_sebelah, kopi_kita):
    before = flow_of(midnight)
    for business, mode in ((toko_sebelah, "live"), (kopi_kita, "test")):
        factories.make_entry(business, mode=mode, status="top_up", amount=123, created_at=NOON)
    assert flow_of(midnight) == before


@pytest.mark.parametrize("role", Role)
def test_who_sees_7_days_sees_7_days_of_the_chart(people, scope, midnight, client_of, noon, role):
    with rls.inside(scope):
        at = MIDNIGHT - timedelta(days=2)
        ledger.top_up(scope, Source("top_up", 9), amount=1, bank="bca", effective_at=at)
    member = people[role]
    days = flow_of(member.scope("live")).days
    assert len(days) == (7 if role == Role.CUSTOMER_SERVICE else 30)
    page = client_of(member).get(PAGE).content.decode()
    assert f"Last {len(days)} days" in page
    assert ("31 Oct" in page) == (role != Role.CUSTOMER_SERVICE)
    assert page.count('scope="row" class="cell"') == len(days)


def test_it_asks_once(midnight, django_assert_num_queries):
    with rls.inside(midnight), django_assert_num_queries(1):
        cashflow.cashflow(midnight)


@pytest.fixture
def planned(midnight) -> Iterator[list[dict[str, Any]]]:
    """What the database does for it, where it would not read a whole table if it were large."""
    with rls.inside(midnight), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off")
        with CaptureQueriesContext(connection) as queries:
            cashflow.cashflow(midnight)
        found: list[dict[str, Any]] = []
        for query in list(queries.captured_queries):
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query['sql']}")
            (plan,) = cursor.fetchone()
            found += _nodes((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])
        yield [node for node in found if "Relation Name" in node]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from _nodes(part)


def test_indexes_answer_it_and_one_entry_of_each_account_is_read(planned):
    by = {node["Relation Name"]: node for node in planned}
    assert set(by) == {"deposits_account", "deposits_turnover", "deposits_entry"}
    assert by["deposits_turnover"]["Index Name"] == "turnover_once"
    assert "hour >=" in by["deposits_turnover"]["Index Cond"]
    assert by["deposits_entry"]["Index Name"] == "entry_newest"
    assert "created_at <" in by["deposits_entry"]["Index Cond"]
    assert by["deposits_entry"]["Actual Rows"] == 1


def test_the_pictures_have_words_and_no_script_or_style(midnight, web):
    page = web.get(PAGE).content.decode()
    pictures = re.findall(r'<svg class="chart__picture".*?</svg>', page, re.S)
    assert len(pictures) == 2
    for picture in pictures:
        assert 'role="img"' in picture
        assert re.search(r"<title>[^<]+</title><desc>[^<]+</desc>", picture)
        assert "style" not in picture
        assert "script" not in picture
    assert "29 Nov 2026: in Rp351,500, out Rp76,000" in pictures[0]


def test_customer_service_is_not_told_of_older_days(people, scope, noon, client_of):
    """Not even by the picture: a balance of an older day would tell what moved then."""
    with rls.inside(scope):
        ledger.top_up(
            scope,
            Source("top_up", 1),
            amount=987_654,
            bank="bca",
            effective_at=datetime.combine(date(2026, 11, 10), time(9), WIB),
        )
        ledger.hold(scope, Source("transfer", 1), amount=654, effective_at=NOON)
    page = client_of(people[Role.CUSTOMER_SERVICE]).get(PAGE).content.decode()
    assert "Rp987,654" in page, "the balance of yesterday is today's opening"
    assert "10 Nov" not in page
    with rls.inside(scope):
        assert DepositEntry.objects.filter(amount=987_654).exists()
