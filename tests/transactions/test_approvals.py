"""Approvals: found by filters, chosen, and decided on exactly as seen, all or nothing (trust: M2-M4, W1, issue 15)."""

import re
from html import unescape
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Activity
from accounts.permissions import Role
from accounts.rights import NotAllowed
from deposits import ledger
from flipdash import rls
from tests import factories
from tests.accounts.signing_in import PASSWORD
from tests.leased import let_time_pass
from tests.transactions.sending import approve, create, fund
from transactions.approvals import queue, services
from transactions.approvals.queue import Filters, Selection
from transactions.models import BulkRejection, MoneyTransfer, Status
from transactions.outgoing import acts, many, products, rejecting
from transactions.outgoing.refusals import SecondPersonNeeded, ShortOfMoney
from transactions.outgoing.rejecting import REJECTIONS, reject_many
from transactions.transfers.services import MONEY_TRANSFERS

pytestmark = [
    pytest.mark.django_db(databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep"),
]
SELECTION = "/approvals/selection/"


@pytest.fixture
def money(kopi_kita):
    fund(kopi_kita)
    return kopi_kita


@pytest.fixture
def maker(kopi_kita):
    return factories.make_member(kopi_kita, Role.MAKER)


@pytest.fixture
def approver(kopi_kita):
    return factories.make_member(kopi_kita, Role.APPROVER)


@pytest.fixture
def web(client_of, approver):
    return client_of(approver)


def text_of(page):
    return " ".join(re.sub(r"<[^>]+>", " ", unescape(page.content.decode())).split())


def make(maker, number, **fields):
    """Make a transfer of 100,000 to an account of its own."""
    return create(maker, **{"amount": 100_000, "account_number": f"00123400{number:02}", **fields})


def token(row):
    return f"money_transfer-{row.pk}"


def everything(**filters):
    return Selection(Filters(**filters), is_all=True)


def inside(member, act, *args, **kwargs):
    scope = member.scope("live")
    with rls.inside(scope):
        return act(scope, *args, **kwargs)


def choose(web, *rows, which="ticked", **query):
    """Open the panel of what was chosen; returns its address and page."""
    url = f"{SELECTION}?{urlencode([('which', which), *[('row', token(row)) for row in rows], *query.items()])}"
    return url, web.get(url)


def unseen(page):
    return {
        name: re.search(rf'name="{name}"\s+value="([^"]*)"', page.content.decode())[1] for name in ("seen", "until")
    }


def statuses():
    return list(MoneyTransfer.objects.order_by("created_at", "pk").values_list("status", flat=True))


def test_the_panel_says_what_the_chosen_come_to_and_approves_them_at_once(money, maker, approver, web):
    rows = [make(maker, number) for number in range(3)]
    url, page = choose(web, *rows[:2])
    said = text_of(page)
    for words in ("Transactions 2", "Amount Rp200,000", "Fee Rp5,000", "Available after Rp9,795,000"):
        assert words in said
    assert "Account never paid before: 2" in said
    assert "Approve Rp205,000" in said
    answered = web.post(url, unseen(page), follow=True)
    assert "2 are approved: Rp205,000." in text_of(answered)
    assert statuses() == ["processing", "processing", "pending_approval"]
    assert inside(approver, ledger.balance).held == 205_000


def test_all_that_the_filter_shows_and_nothing_that_came_later(money, maker, web):
    """trust: M4."""
    small, large = make(maker, 1), make(maker, 2, amount=900_000)
    url, page = choose(web, which="shown", most="500000")
    late = make(maker, 3)
    web.post(url, unseen(page))
    assert [row.status for row in map(reread, (small, large, late))] == ["processing"] + ["pending_approval"] * 2


def test_a_second_click_is_told_what_the_first_one_approved(money, maker, web, client_of):
    """trust: L6. Nothing has changed but by the first."""
    url, page = choose(web, *(make(maker, number) for number in range(2)))
    sent = unseen(page)
    web.post(url, sent)
    said = text_of(web.post(url, sent, follow=True))
    assert "2 are approved: Rp205,000." in said
    assert "has changed since you looked" not in said
    assert statuses() == ["processing"] * 2
    another = client_of(factories.make_member(money, Role.APPROVER))
    assert "has changed since you looked" in text_of(another.post(url, sent, follow=True)), "who approved nothing"


def reread(row):
    return MoneyTransfer.objects.get(pk=row.pk)


def test_what_has_changed_since_it_was_seen_is_asked_again_and_nothing_of_it_approved(money, maker, web):
    """trust: M3."""
    first, second = make(maker, 1), make(maker, 2)
    url, page = choose(web, first, second)
    MoneyTransfer.objects.filter(pk=second.pk).update(account_number="0099999999")
    said = text_of(web.post(url, unseen(page), follow=True))
    assert "has changed since you looked" in said
    assert "0099999999" not in said
    assert statuses() == ["pending_approval"] * 2


def test_what_somebody_else_decided_meanwhile_is_asked_again(money, maker, approver, web):
    first, second = make(maker, 1), make(maker, 2)
    url, page = choose(web, first, second)
    approve(approver, first)
    assert "has changed" in text_of(web.post(url, unseen(page), follow=True))
    assert statuses() == ["processing", "pending_approval"]


def test_short_of_money_approves_nothing_and_names_the_shortfall(kopi_kita, maker, approver, web):
    fund(kopi_kita, 150_000)
    rows = [make(maker, 1), make(maker, 2)]
    url, page = choose(web, *rows)
    assert "short of Rp55,000" in text_of(page)
    assert "Top-Up Deposit" in text_of(page)
    assert re.search(r"<button[^>]+disabled[^>]*>\s*Approve", page.content.decode())
    web.post(url, unseen(page))
    assert statuses() == ["pending_approval"] * 2
    seen = inside(approver, services.look, everything()).seen
    with pytest.raises(ShortOfMoney, match="55,000"):
        inside(approver, services.approve, everything(), seen=seen)
    assert inside(approver, ledger.balance).held == 0


def test_possible_duplicates_want_a_yes(money, maker, approver, web):
    first, second = make(maker, 1), make(maker, 1)
    url, page = choose(web, first, second)
    assert "Possible duplicate: 2" in text_of(page)
    sent = unseen(page)
    assert "may be paid twice" in text_of(web.post(url, sent, follow=True))
    assert statuses() == ["pending_approval"] * 2
    web.post(url, {**sent, "sure": "1"})
    assert statuses() == ["processing"] * 2


def test_names_that_differ_are_said(money, maker, web):
    row = make(maker, 1, holder_name="BAMBANG", name_reason="Her husband")
    _url, page = choose(web, row)
    assert "Name differs: 1" in text_of(page)
    assert "Siti" in text_of(page)


def test_an_account_of_which_no_bank_said_whose_it_is_is_told_from_another_name(money, maker, web):
    unnamed = make(maker, 1, is_unanswered=True, name_reason="The bank sleeps")
    named = make(maker, 2, holder_name="SITI RAHMAWATI", beneficiary_name="Siti Rahmawati")
    _url, page = choose(web, unnamed, named)
    said = text_of(page)
    assert "No bank has said whose account it is: 1" in said
    assert "Name differs" not in said
    found = text_of(web.get("/approvals/?flag=holder"))
    assert "Holder unknown" in found
    assert str(unnamed.account_number) in found
    assert str(named.account_number) not in found
    assert unnamed.account_number not in text_of(web.get("/approvals/?flag=name"))


@pytest.mark.parametrize("role", [Role.ADMIN, Role.EXECUTOR])
def test_one_s_own_is_left_out_under_the_second_person_rule(money, maker, admin, client_of, role):
    """trust: M2. Not after a change of role either."""
    money.second_person_required, money.second_person_from = True, 100_000
    money.save()
    own, other = make(admin, 1), make(maker, 2)
    admin.role = role
    admin.save()
    web = client_of(admin)
    url, page = choose(web, own, other)
    assert "1 is left out: you made it yourself" in text_of(page)
    assert "Approve Rp102,500" in text_of(page)
    web.post(url, unseen(page))
    assert (reread(own).status, reread(other).status) == ("pending_approval", "processing")
    url, page = choose(web, own)
    assert "Approve Rp" not in text_of(page)
    web.post(url, unseen(page))
    assert reread(own).status == "pending_approval"


def test_the_rule_that_came_after_the_look_holds(money, admin, maker, client_of):
    """trust: M5."""
    own = make(maker, 1)
    MoneyTransfer.objects.filter(pk=own.pk).update(**admin.actor.columns("maker"))
    web = client_of(admin)
    url, page = choose(web, own)
    money.second_person_required = True
    money.save()
    web.post(url, unseen(page))
    assert reread(own).status == "pending_approval"


def test_a_batch_is_one_line_and_its_rows_are_decided_on_singly_or_together(money, maker, web):
    """trust: M2."""
    batch = factories.make_batch(money, "Gaji November")
    rows = [make(maker, number) for number in range(3)]
    MoneyTransfer.objects.filter(pk__in=[row.pk for row in rows]).update(batch=batch)
    said = text_of(web.get("/approvals/"))
    assert "Gaji November" in said
    assert "3 rows Rp300,000" in said
    inner = web.get(f"/approvals/?batch={batch.pk}").content.decode()
    assert all(token(row) in inner for row in rows)
    url = f"/approvals/rejection/?which=ticked&row={token(rows[0])}&batch={batch.pk}"
    web.post(url, stopping(web, url))
    url = f"{SELECTION}?which=ticked&row=batch-{batch.pk}"
    page = web.get(url)
    assert "Transactions 2" in text_of(page)
    web.post(url, unseen(page))
    assert statuses() == ["cancelled", "processing", "processing"]


def test_one_s_own_batch_is_not_let_go_in_small_parts(money, maker, admin, client_of):
    """trust: M2. The rule judges the file, however few of its rows are chosen, and after some were rejected."""
    money.second_person_required, money.second_person_from = True, 300_000
    money.save()
    batch = factories.make_batch(money)
    rows = [make(maker, number) for number in range(3)]
    MoneyTransfer.objects.update(batch=batch, **admin.actor.columns("maker"))
    inside(admin, acts.reject, MONEY_TRANSFERS, rows[2].pk, note="No")
    web = client_of(admin)
    url, page = choose(web, rows[0])
    assert "1 is left out: you made it yourself" in text_of(page)
    web.post(url, unseen(page))
    with pytest.raises(SecondPersonNeeded):
        approve(admin, rows[0])
    with pytest.raises(SecondPersonNeeded):
        inside(admin, approve_each, rows[0])
    assert statuses() == ["pending_approval", "pending_approval", "cancelled"]


def approve_each(scope, *rows):
    some = many.Selection(MONEY_TRANSFERS, tuple(row.pk for row in rows))
    return many.approve_many(scope, some, seen=many.look_at(scope, some).digest, sure=True)


def test_no_more_are_chosen_than_are_approved_as_one_act(money, maker, monkeypatch, web):
    rows = [make(maker, number) for number in range(3)]
    url, page = choose(web, which="shown")
    monkeypatch.setattr(many, "MOST", 2)
    assert "At most 2 are approved at once" in text_of(web.get(url))
    assert "At most 2 are approved at once" in text_of(web.post(url, unseen(page), follow=True))
    assert statuses() == ["pending_approval"] * 3
    assert "Approve Rp205,000" in text_of(choose(web, *rows[:2])[1])


def test_a_look_keeps_no_more_rows_than_a_step(money, maker, approver, monkeypatch):
    rows = [make(maker, number) for number in range(3)]
    some = many.Selection(MONEY_TRANSFERS, tuple(sorted(row.pk for row in rows)))
    whole = inside(approver, many.look_at, some)
    asked, rows_of = [], many._rows

    def counted(scope, product, ids):
        asked.append(len(ids))
        return rows_of(scope, product, ids)

    monkeypatch.setattr(many, "STEP", 2)
    monkeypatch.setattr(many, "_rows", counted)
    assert inside(approver, many.look_at, some) == whole
    assert asked == [2, 1]


def stopping(web, url, **typed):
    """What the page of a rejection sends, with a note."""
    page = web.get(url).content.decode()
    hidden = {name: re.search(rf'name="{name}"\s+value="([^"]*)"', page)[1] for name in ("until", "seen")}
    return {**hidden, "note": "Not this week", **typed}


def test_a_rejection_wants_a_reason_and_says_it(money, maker, web):
    rows = [make(maker, 1), make(maker, 2)]
    url = f"/approvals/rejection/?which=ticked&row={token(rows[0])}&row={token(rows[1])}"
    assert "2 transactions of Rp205,000 with their fees" in text_of(web.get(url))
    typed = stopping(web, url)
    assert "its maker reads it" in text_of(web.post(url, typed | {"note": ""}))
    assert statuses() == ["pending_approval"] * 2
    assert "2 were rejected." in text_of(web.post(url, typed, follow=True))
    assert statuses() == ["cancelled"] * 2
    assert [row.events.get(kind="rejected").note for row in rows] == ["Not this week"] * 2
    assert "0 were rejected" in text_of(web.post(url, typed, follow=True))


def test_a_rejection_is_of_what_was_seen_and_nothing_else(money, maker, approver, web):
    """trust: M4. A row that came since is left out; one that was decided on, or flagged, since is asked about again."""
    rows = [make(maker, number) for number in range(3)]
    url = "/approvals/rejection/?which=shown"
    typed = stopping(web, url)
    late = make(maker, 7)
    approve(approver, rows[0])
    assert "has changed" in text_of(web.post(url, typed, follow=True))
    assert statuses() == ["processing"] + ["pending_approval"] * 3
    typed = stopping(web, url, until=typed["until"])
    late_too = make(maker, 8)
    assert "has changed" in text_of(web.post(url, typed, follow=True)), "the digest is of another moment"
    typed = stopping(web, url)
    assert "4 were rejected" in text_of(web.post(url, typed, follow=True))
    assert (reread(late).status, reread(late_too).status) == ("cancelled",) * 2


def test_many_are_rejected_by_a_worker(money, maker, approver, web, monkeypatch):
    """trust: M4, L6. Exactly those that were seen, once, whatever is killed midway."""
    monkeypatch.setattr(many, "AT_ONCE", 2)
    rows = [make(maker, number) for number in range(4)]
    url = "/approvals/rejection/?which=shown"
    typed = stopping(web, url)
    for _click in range(2):
        assert "4 are being rejected. You may leave this page." in text_of(web.post(url, typed, follow=True))
    assert "4 are being rejected." in text_of(web.get("/approvals/"))
    asked = BulkRejection.objects.get()
    assert statuses() == ["pending_approval"] * 4
    late = make(maker, 9)
    approve(approver, rows[0])
    with monkeypatch.context() as dies:
        dies.setattr(rejecting.events, "record", lambda *args, **facts: 1 / 0)
        assert REJECTIONS.work()
    assert statuses() == ["processing"] + ["pending_approval"] * 4, "all or none"
    let_time_pass(REJECTIONS)
    while REJECTIONS.work():
        pass
    asked.refresh_from_db()
    assert (asked.status, asked.done, asked.attempt) == ("done", 3, 2)
    assert [reread(row).status for row in rows] == ["processing"] + ["cancelled"] * 3
    assert reread(late).status == "pending_approval"
    assert [row.events.get(kind="rejected").note for row in rows[1:]] == ["Not this week"] * 3
    assert Activity.objects.get(kind="transfer.rejected_many").facts["count"] == 3
    assert "being rejected" not in text_of(web.get("/approvals/"))


def test_who_lost_the_right_meanwhile_rejects_none_and_is_told(money, maker, approver, web, monkeypatch):
    """trust: R4, Q2."""
    monkeypatch.setattr(many, "AT_ONCE", 1)
    for number in range(2):
        make(maker, number)
    url = "/approvals/rejection/?which=shown"
    web.post(url, stopping(web, url))
    approver.role = Role.REVIEWER
    approver.save()
    REJECTIONS.work()
    assert statuses() == ["pending_approval"] * 2
    approver.role = Role.APPROVER
    approver.save()
    said = "2 couldn’t be rejected. Whoever rejected them may no longer reject. None was rejected."
    assert said in text_of(web.get("/approvals/"))


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {1, 2, 3}),
        ("kind=money_transfer", {1, 2, 3}),
        ("bank=mandiri", {2}),
        ("least=200000", {3}),
        ("most=100000", {1, 2}),
        ("flag=name", {2}),
        ("flag=twice", set()),
        ("flag=new&bank=bca", {1, 3}),
        ("maker=MAKER", {1, 2}),
        ("maker=member-0", set()),
        ("batch=999999", set()),
    ],
)
def test_filters_keep_what_they_say(money, maker, web, query, shown):
    other = factories.make_member(money, Role.MAKER, name=maker.name)
    made = {
        1: make(maker, 1),
        2: make(maker, 2, bank="mandiri", account_number="1230004560002", holder_name="X", name_reason="Y"),
        3: make(other, 3, amount=300_000),
    }
    page = web.get("/approvals/?" + query.replace("MAKER", f"member-{maker.pk}")).content.decode()
    assert {number for number, row in made.items() if token(row) in page} == shown


@pytest.mark.parametrize(
    "query", ["kind=x", "flag=%27", "least=abc", "batch=x", "batch=99999999999999999999", "maker=key-", "bank=nobank"]
)
def test_a_filter_that_makes_no_sense_shows_nothing_and_says_so(money, maker, web, query):
    """trust: W6."""
    row = make(maker, 1)
    for url in (f"/approvals/?{query}", f"{SELECTION}?which=shown&{query}"):
        page = web.get(url)
        assert page.status_code == 200
        assert token(row) not in page.content.decode()
        assert "Approve Rp" not in text_of(page)
    assert web.post(f"{SELECTION}?which=shown&{query}", {"seen": "x", "until": "x"}).status_code == 302


@pytest.mark.parametrize("until", ["", "x", "2026-11-29T10:00:00", "2026-99-99T10:00:00+00:00"])
def test_a_garbled_form_approves_nothing(money, maker, web, until):
    make(maker, 1)
    web.post(f"{SELECTION}?which=shown", {"seen": "", "until": until})
    web.post(f"{SELECTION}?which=ticked&row=money_transfer-&row=batch-x&row=%00", {"until": "2999-01-01T00:00:00Z"})
    assert statuses() == ["pending_approval"]


def test_pages_follow_each_other_without_gap_or_twin(money, maker, approver, monkeypatch, web):
    monkeypatch.setattr(queue, "PAGE", 2)
    rows = [make(maker, number) for number in range(5)]
    url, found = "/approvals/", []
    while url:
        page = web.get(url).content.decode()
        found += re.findall(r'value="money_transfer-(\d+)"', page)
        further = re.search(r'rel="next" href="([^"]+)"', page)
        url = f"/approvals/{unescape(further[1])}" if further else ""
    assert found == [str(row.pk) for row in rows]
    assert web.get("/approvals/?after=x").status_code == 200


def test_a_large_set_is_approved_by_a_worker(money, maker, approver, monkeypatch, web):
    """trust: M4."""
    monkeypatch.setattr(many, "AT_ONCE", 1)
    for number in range(3):
        make(maker, number)
    url, page = choose(web, which="shown")
    assert "3 are being approved: Rp307,500" in text_of(web.post(url, unseen(page), follow=True))
    assert statuses() == ["pending_approval"] * 3
    assert "3 are being approved" in text_of(web.get("/approvals/"))
    many.APPROVALS.work()
    assert statuses() == ["processing"] * 3
    assert "being approved" not in text_of(web.get("/approvals/"))


def test_what_a_worker_could_not_approve_is_said_with_its_reason(money, maker, approver, monkeypatch, web):
    monkeypatch.setattr(many, "AT_ONCE", 1)
    rows = [make(maker, number) for number in range(2)]
    url, page = choose(web, which="shown")
    web.post(url, unseen(page))
    inside(approver, acts.reject, MONEY_TRANSFERS, rows[0].pk, note="No")
    many.APPROVALS.work()
    assert statuses() == ["cancelled", "pending_approval"]
    assert "Nothing was approved" in text_of(web.get("/approvals/"))


def test_a_stranger_s_and_the_other_mode_s_can_t_be_chosen(money, maker, web, stranger):
    """trust: W1."""
    fund(stranger.business)
    fund(money, mode="test")
    theirs = make(factories.make_member(stranger.business, Role.MAKER), 1)
    tried = make(maker.scope("test"), 2)
    url, page = choose(web, theirs, tried)
    assert "Nothing is chosen" in text_of(page)
    web.post(url, {"seen": "", "until": "2999-01-01T00:00:00Z"})
    assert statuses() == ["pending_approval"] * 2


def test_the_password_is_asked_for_once_for_a_selection(money, maker, approver, client_of):
    money.approvals_need_reauthentication = True
    money.save()
    approver.user.set_password(PASSWORD)
    approver.user.save()
    web = client_of(approver)
    rows = [make(maker, 1), make(maker, 2)]
    url, page = choose(web, *rows)
    sent = unseen(page)
    asked = web.post(url, sent)
    assert (asked.status_code, statuses()) == (403, ["pending_approval"] * 2)
    web.post(url, {**sent, "reauth-password": PASSWORD})
    assert statuses() == ["processing"] * 2


def test_the_right_is_asked_again_when_it_is_used(money, maker, approver):
    """trust: R4."""
    make(maker, 1)
    seen, scope = inside(approver, services.look, everything()).seen, approver.scope("live")
    approver.role = Role.REVIEWER
    approver.save()
    with rls.inside(scope), pytest.raises(NotAllowed):
        services.approve(scope, everything(), seen=seen)
    assert statuses() == ["pending_approval"]


def test_a_whole_batch_is_rejected_in_few_statements(money, maker, approver):
    """And what somebody else decided meanwhile stays as it is."""
    rows = [make(maker, number) for number in range(8)]

    def rejecting(*pks):
        with CaptureQueriesContext(connection) as found:
            done = inside(approver, reject_many, MONEY_TRANSFERS, pks, note="No")
        assert done == len(waiting.intersection(pks))
        return len(found)

    approve(approver, rows[0])
    waiting = {row.pk for row in rows[1:]}
    few = rejecting(*[row.pk for row in rows[:3]])
    waiting -= {row.pk for row in rows[:3]}
    assert rejecting(*[row.pk for row in rows]) <= few
    assert statuses() == ["processing"] + ["cancelled"] * 7
    assert [row.events.get(kind="rejected").note for row in rows[1:]] == ["No"] * 7
    assert not rows[0].events.filter(kind="rejected").exists()
    told = Activity.objects.filter(kind="transfer.rejected_many").order_by("pk").values_list("facts", flat=True)
    assert [facts["count"] for facts in told] == [2, 5]


def test_who_lost_the_right_rejects_none(money, maker, approver):
    """trust: R4."""
    rows, scope = [make(maker, number) for number in range(2)], approver.scope("live")
    approver.role = Role.REVIEWER
    approver.save()
    with rls.inside(scope), pytest.raises(NotAllowed):
        services.reject(scope, everything(), note="No")
    assert [reread(row).status for row in rows] == ["pending_approval"] * 2


def test_too_many_are_not_rejected_at_once(money, maker, approver, monkeypatch):
    monkeypatch.setattr(services, "MOST", 2)
    for number in range(3):
        make(maker, number)
    with pytest.raises(services.TooMany):
        inside(approver, services.reject, everything(), note="No")
    assert statuses() == ["pending_approval"] * 3


def test_the_list_asks_as_often_however_many_wait(money, maker, web):
    make(maker, 1)
    web.get("/approvals/")

    def queries():
        with CaptureQueriesContext(
            connection,
        ) as found:
            web.get("/approvals/")
        return len(found)

    few = queries()
    for number in range(2, 8):
        make(maker, number)
    assert queries() == few <= 17 + 4 * len(products.products)


@pytest.fixture
def international():
    """A second kind."""
    return products.products["international_transfer"]


def test_another_kind_stands_in_the_same_list_by_its_declaration(money, maker, web, international):
    own = make(maker, 1)
    other = factories.make_international(money, status=Status.PENDING_APPROVAL, beneficiary_name="Tanaka Coffee")
    page = web.get("/approvals/").content.decode()
    assert "Tanaka Coffee" in page
    page = web.get("/approvals/?kind=international_transfer").content.decode()
    assert token(own) not in page
    assert f"international_transfer-{other.pk}" in page
    page = web.get("/approvals/?bank=bca").content.decode()
    assert "Tanaka Coffee" not in page
    page = web.get(f"{SELECTION}?which=shown")
    assert "Transactions 2" in text_of(page)


def test_a_row_opened_from_the_list_leads_back_to_it(money, maker, web):
    row = make(maker, 1)
    page = web.get(f"/money-transfers/{row.pk}/approval/?list=bank%3Dbca%26evil%3D1")
    assert f"/money-transfers/{row.pk}/approval/?list=" in page.content.decode()
    seen = re.search(r'name="seen"\s+value="([^"]*)"', page.content.decode())[1]
    answered = web.post(f"/money-transfers/{row.pk}/approval/?list=bank%3Dbca%26evil%3D1", {"seen": seen})
    assert answered["Location"] == "/approvals/?bank=bca"


@pytest.mark.parametrize("field", ["maker", "approver"])
def test_the_history_is_filtered_by_who_made_and_who_approved_it_and_namesakes_never_mix(money, web, field):
    """Issue 15: by identity, whatever they are called."""
    one, other = (factories.make_member(money, Role.ADMIN, name="Dewi Lestari") for _n in range(2))
    own = factories.make_transfer(money, maker=one.actor, approver=one.actor)
    theirs = factories.make_transfer(money, maker=other.actor, approver=other.actor)
    page = web.get(f"/money-transfers/?{field}={one.pk}").content.decode()
    assert (str(own.pk) in page, str(theirs.pk) in page) == (True, False)
    assert page.count(f'<option value="{one.pk}"') == 2, "both filters offer them"
    page = web.get(f"/money-transfers/?{field}=999999").content.decode()
    assert str(own.pk) not in page


def test_what_one_s_own_key_made_is_one_s_own(money, admin, approver):
    """trust: M2. Alone and among others."""
    money.second_person_required = True
    money.save()
    scope, key = admin.scope("live"), factories.make_key(admin)
    with rls.inside(scope):
        row = factories.make_transfer(money, status="pending_approval", maker=key.actor)
        seen = MONEY_TRANSFERS.digest_of(scope, row)
        with pytest.raises(SecondPersonNeeded):
            acts.approve(scope, MONEY_TRANSFERS, row.pk, seen=seen, sure=True)
        assert services.look(scope, everything()).own == 1
        some = many.Selection.of(MONEY_TRANSFERS, MoneyTransfer.objects.visible_to(scope))
        with pytest.raises(SecondPersonNeeded):
            many.approve_many(scope, some, seen=many.look_at(scope, some).digest, sure=True)
    assert approve(approver, row).status == "processing"
