"""Deposit History: the account statement of what may be spent, on the page and as a report that closes."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.http import QueryDict

from accounts.permissions import Role
from deposits import ledger
from deposits.ledger import LedgerOwner, Source, sources
from deposits.ledger.history import DepositHistory
from deposits.models import Account, DepositEntry
from flipdash import clock, rls
from flipdash.actors import Actor
from flipdash.histories import results
from flipdash.mode import Mode
from tests import factories
from tests.superuser import superuser

pytestmark = pytest.mark.django_db
commits = pytest.mark.django_db(transaction=True, databases=["default", "operator"])
FAILED = 2603010200000000022
START = datetime(2026, 3, 1, 3, tzinfo=UTC)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


@pytest.fixture
def moved(scope) -> None:
    """A top-up, a transfer that was paid, one that failed, and one that is on its way."""
    with rls.inside(scope):
        ledger.top_up(
            scope, Source("top_up", 11), amount=1_000_417, bank="bca", effective_at=at(0), by=Actor.named("Hendra")
        )
        for number, hours in ((21, 1), (FAILED, 2), (23, 3)):
            ledger.hold(scope, Source("money_transfer", number), amount=102_500, effective_at=at(hours))
        ledger.capture(
            scope, Source("money_transfer", 21), amount=100_000, fee=2_500, rail="simulator", effective_at=at(4)
        )
        ledger.release(scope, Source("money_transfer", FAILED), amount=102_500, effective_at=at(5))


def history(scope, query: str = "") -> DepositHistory:
    return DepositHistory(scope, QueryDict(query))


def shown(scope, query: str = "") -> list[tuple[str, int, int]]:
    with rls.inside(scope):
        rows = history(scope, query).results().rows
    return [(row["posting__kind"], row["amount"], row["balance_after"]) for row in rows]


def test_each_entry_stands_with_the_balance_after_it_newest_first(scope, moved):
    assert shown(scope) == [
        ("release", 102_500, 795_417),
        ("hold", -102_500, 692_917),
        ("hold", -102_500, 795_417),
        ("hold", -102_500, 897_917),
        ("top_up", 1_000_417, 1_000_417),
    ]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        (f"q={FAILED}", 2),
        ("q=Rp102.500", 4),
        ("q=1000417", 1),
        ("q=isi saldo", 1),
        ("q=HELD", 3),
        ("q=held 102.500", 3),
        ("q=released Rp102.500", 1),
        ("q=released 1000417", 0),
        (f"q={FAILED} held", 1),
        ("q=held 1 mar 2026", 3),
        ("q=isi saldo mar 2026", 1),
        ("q=1 mar 2026", 5),
        ("q=2 mar 2026", 0),
        ("q=held 102.500&direction=in", 0),
        ("q=nothing here", 0),
        ("q=nothing here&amount=102.500", 0),
        ("q=nothing here&direction=in", 0),
        ("q=nothing here&kind=hold", 0),
        ("q=HELD&direction=out&kind=hold&amount=102.500", 3),
        ("kind=hold", 3),
        ("direction=in", 2),
        ("direction=out", 3),
        ("amount=102.500&direction=in", 1),
        ("date_from=2026-03-01&date_to=2026-03-01", 5),
        ("date_from=2026-03-02", 0),
    ],
)
def test_search_and_filters_narrow_it(scope, moved, query, count):
    assert len(shown(scope, query)) == count


@pytest.mark.parametrize("query", ["kind=theft", "direction=up", "amount=much", "date_from=yesterday", "sort=amount"])
def test_a_wrong_address_shows_nothing_and_says_why(web, moved, query):
    page = web.get(f"/deposit/history/?{query}")
    assert page.status_code == 200
    assert page.context["results"].rows == []
    assert page.context["history"].address.problems


@pytest.mark.parametrize(
    ("query", "sums"),
    [
        ("kind=hold", [("Held for a transaction", "3 · −Rp307,500")]),
        ("q=released", [("Released", "1 · +Rp102,500")]),
        (
            "direction=in",
            [("Top-up", "1 · +Rp1,000,417"), ("Released", "1 · +Rp102,500"), ("Together", "2 · +Rp1,102,917")],
        ),
        (
            "amount=102.500",
            [
                ("Held for a transaction", "3 · −Rp307,500"),
                ("Released", "1 · +Rp102,500"),
                ("Together", "4 · −Rp205,000"),
            ],
        ),
    ],
)
def test_what_some_entries_come_to_has_a_sign(scope, moved, query, sums):
    with rls.inside(scope):
        assert history(scope, query).sums() == sums


@pytest.mark.parametrize(
    "query",
    [
        "",
        "date_from=2026-03-01",
        "date_from=2026-03-01&date_to=2026-03-01",
        "date_from=2026-03-02",
        "date_to=2026-02-27",
        "kind=hold",
        "kind=hold&kind=release&kind=top_up",
        "kind=hold&date_from=2026-03-01&date_to=2026-03-01",
        "kind=refund",
    ],
)
def test_more_entries_than_are_counted_come_to_the_same(scope, moved, monkeypatch, query):
    """Days and kinds of movement are kept by the hour, however many entries there are."""
    with rls.inside(scope):
        counted = history(scope, query).sums()
        monkeypatch.setattr(results, "COUNT_CAP", -1)
        assert history(scope, query).sums() == counted


@pytest.mark.parametrize("query", ["q=held", "direction=in", "amount=102.500&kind=hold"])
def test_nothing_is_said_of_many_where_nothing_is_kept(scope, moved, monkeypatch, query):
    monkeypatch.setattr(results, "COUNT_CAP", -1)
    with rls.inside(scope):
        assert history(scope, query).sums() == []


def test_who_sees_7_days_is_told_of_many_entries_of_7_days(people, scope, moved, monkeypatch):
    service = people[Role.CUSTOMER_SERVICE].scope("live")
    with rls.inside(scope):
        ledger.top_up(scope, Source("top_up", 77), amount=5_000, bank="bca")
        counted = history(service).sums()
        monkeypatch.setattr(results, "COUNT_CAP", -1)
        assert history(service).sums() == counted
        assert ("Credits", "Rp5,000") in counted


@pytest.mark.parametrize("query", ["", "kind=hold", "columns=amount&columns=posting_id"])
def test_a_head_stands_over_each_column(web, moved, query):
    page = web.get(f"/deposit/history/?{query}").content.decode()
    heads = re.findall(r'<th scope="col" class="cell cell--\w+" ([^>]*)>', page)
    (first, *_rows) = re.findall(r"<tr data-href.*?</tr>", page, re.S)
    assert len(heads) == first.count("<td ")


def test_a_report_closes(scope, moved):
    with rls.inside(scope):
        closing = dict(history(scope).closing())
    assert list(closing.values()) == [0, 1_102_917, 307_500, 795_417]
    opening, credits, debits, end = closing.values()
    assert opening + credits - debits == end == ledger_balance(scope)


def test_a_report_of_some_days_closes_too(scope, moved):
    with rls.inside(scope):
        ledger.hold(scope, Source("money_transfer", 31), amount=95_417, effective_at=at(48))
        opening, credits, debits, end = dict(history(scope, "date_from=2026-03-03").closing()).values()
    assert (opening, credits, debits, end) == (795_417, 0, 95_417, 700_000)


@commits
def test_a_report_says_when_balances_dont_follow(scope, moved):
    """A planted entry that stands among older ones: the sums of all days still close, the balances don't."""
    with rls.inside(scope):
        assert "doesn’t close" not in str(dict(history(scope).closing()))
        last = DepositEntry.objects.visible_to(scope).order_by("id").last()
    redate(last, "-150 minutes")
    with rls.inside(scope):
        *_closing, (words, breaks) = history(scope).closing()
        assert history(scope).breaks() == breaks
        assert history(scope, "kind=hold").breaks() == 0
    assert "doesn’t close" in str(words)
    assert breaks == 1


@commits
def test_a_report_says_when_it_opens_otherwise_than_the_days_before_closed(scope, moved):
    with rls.inside(scope):
        ledger.hold(scope, Source("money_transfer", 31), amount=95_417, effective_at=at(48))
        second = DepositEntry.objects.visible_to(scope).order_by("id")[1]
        assert len(dict(history(scope, "date_from=2026-03-03").closing())) == 4
    redate(second, "30 hours")
    with rls.inside(scope):
        assert list(history(scope, "date_from=2026-03-03").closing())[-1][1] == 1


def redate(entry: DepositEntry, hours: str) -> None:
    """Plant what nobody may do: move an entry in time."""
    with superuser() as connected:
        connected.execute(
            "UPDATE deposits_entry SET created_at = created_at + %s::interval WHERE id = %s", [hours, entry.pk]
        )


@pytest.mark.parametrize("query", ["kind=hold", f"q={FAILED}", "direction=in"])
def test_a_report_of_some_entries_claims_no_balance(scope, moved, query):
    with rls.inside(scope):
        assert list(history(scope, query).closing()) == []


def test_a_report_begins_with_the_oldest(scope, moved):
    with rls.inside(scope):
        batches = list(history(scope).batches(2))
    assert [amount for batch in batches for amount in batch["amount"]] == [1_000_417, *[-102_500] * 3, 102_500]


def ledger_balance(scope) -> int:
    with rls.inside(scope):
        return ledger.balance(scope).available


def test_an_entry_leads_to_what_moved_it_and_back(web, scope, kopi_kita):
    transfer = factories.make_transfer(kopi_kita, amount=100_000, fee=2_500)
    with rls.inside(scope):
        ledger.top_up(scope, Source("top_up", 11), amount=1_000_000, bank="bca")
        ledger.hold(scope, Source("money_transfer", transfer.pk), amount=102_500)
        row = history(scope, f"q={transfer.pk}").results().rows[0]
    entry = web.get(f"/deposit/history/{row['id']}/").content.decode()
    assert f'href="/money-transfers/{transfer.pk}/"' in entry
    page = web.get(f"/money-transfers/{transfer.pk}/").content.decode()
    assert f'href="/deposit/history/{row["id"]}/"' in page
    assert "−Rp102,500" in page


@pytest.mark.parametrize(
    ("role", "may_open"), [(Role.REVIEWER, False), (Role.APPROVER, False), (Role.CUSTOMER_SERVICE, True)]
)
def test_a_refund_names_nobody_and_leads_only_who_may_see_refunds(client_of, kopi_kita, role, may_open):
    """trust: R1. Statements of the deposit and this page are read by many who may not see refunds."""
    refund = factories.make_refund(kopi_kita, beneficiary_name="Dewi Rahasia", account_number="0099887766")
    with rls.inside_of(kopi_kita.pk, "live"):
        owner, of = LedgerOwner(kopi_kita, "live"), Source("refund", refund.pk)
        ledger.give_back(owner, of, amount=15_000, rail="bca")
    member = factories.make_member(kopi_kita, role)
    scope = member.scope("live")
    with rls.inside(scope):
        (said,) = sources.descriptions(scope, [("refund", refund.pk, 15_000)], "default")
        entry = DepositEntry.objects.visible_to(scope).get(posting__source_id=refund.pk)
    assert str(refund.payment_id) in said
    for address in ("/deposit/history/", f"/deposit/history/{entry.pk}/"):
        page = client_of(member).get(address).content.decode()
        assert str(refund.pk) in page
        assert (f'href="/refunds/{refund.pk}/"' in page) is may_open
        assert "Rahasia" not in said + page
        assert "0099887766" not in said + page


def test_held_money_is_no_entry_of_the_deposit(web, scope, moved):
    """What is available is one account, what is held another: an entry of that one isn't shown as the deposit's."""
    with rls.inside(scope):
        held = Account.objects.visible_to(scope).get(kind="held").entries.first()
    assert web.get(f"/deposit/history/{held.pk}/").status_code == 404


def test_nobody_sees_another_businesss_or_the_other_modes(web, client_of, scope, stranger, moved):
    with rls.inside(scope):
        row = history(scope).results().rows[0]
    for browser, prefix in ((client_of(stranger), ""), (web, "/test")):
        assert browser.get(f"{prefix}/deposit/history/{row['id']}/").status_code == 404
        assert browser.get(f"{prefix}/deposit/history/").context["results"].rows == []


def test_customer_service_sees_the_last_7_days_and_more_by_searching(kopi_kita):
    service = factories.make_member(kopi_kita, Role.CUSTOMER_SERVICE).scope("live")
    now = clock.now()
    with rls.inside(service):
        ledger.top_up(service, Source("top_up", 1), amount=500_000, bank="bca", effective_at=now - timedelta(days=30))
        ledger.top_up(service, Source("top_up", 2), amount=700_000, bank="bca", effective_at=now)
    assert [amount for _kind, amount, _after in shown(service)] == [700_000]
    assert [amount for _kind, amount, _after in shown(service, "q=500000")] == [500_000]
    assert shown(service, "amount=500000") == []


def test_the_page_asks_the_database_as_often_for_many_entries_as_for_few(
    web, scope, moved, django_assert_max_num_queries
):
    with django_assert_max_num_queries(26):
        web.get("/deposit/history/")
    with rls.inside(scope):
        for number in range(100, 140):
            ledger.hold(scope, Source("money_transfer", number), amount=1_000)
    with django_assert_max_num_queries(26):
        web.get("/deposit/history/")


def test_the_business_of_a_posting_is_that_of_its_owner(kopi_kita):
    """LedgerOwner and Scope name the same accounts."""
    with rls.inside_of(kopi_kita.pk, Mode.LIVE):
        ledger.top_up(LedgerOwner(kopi_kita, Mode.LIVE), Source("top_up", 5), amount=10_000, bank="bca")
        assert ledger.balance(LedgerOwner(kopi_kita, Mode.LIVE)).available == 10_000
