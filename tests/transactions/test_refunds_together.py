"""Many refunds approved as one act while the deposit is short: what it covers goes, the rest waits (decision 0112)."""

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from accounts.models import Member
from accounts.permissions import Role
from deposits import ledger
from deposits.ledger import Balance, NotEnoughDeposit, checks
from flipdash import rls
from flipdash.models import Message
from tests import factories
from tests.deposits.conftest import connect
from tests.leased import let_time_pass
from tests.transactions import sending
from tests.transactions.refunding import approve, now, request
from tests.transactions.sending import fund, let_it_arrive
from transactions.approvals import queue
from transactions.models import BulkApproval, MoneyTransfer, Refund, RefundStatus
from transactions.outgoing import covering, many, sweeps
from transactions.outgoing.many import APPROVALS
from transactions.refunds.services import REFUNDS

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep"),
]
FEE = 2_500


@pytest.fixture
def service(kopi_kita):
    return factories.make_member(kopi_kita, Role.CUSTOMER_SERVICE)


@pytest.fixture
def approver(kopi_kita):
    return factories.make_member(kopi_kita, Role.APPROVER)


@pytest.fixture
def three(kopi_kita, service, approver):
    """Refunds of Rp30.000, Rp50.000 and Rp10.000, the first made first."""
    return [request(service, factories.make_payment(kopi_kita), amount=rupiah) for rupiah in (30_000, 50_000, 10_000)]


def approve_all(web):
    """Approve all that Approvals shows, as a browser does; returns what the question said, and what the answer."""
    page = web.get("/approvals/selection/", {"which": "shown"})
    chosen, until = page.context["chosen"], page.context["until"]
    answer = web.post(page.context["address"], {"seen": chosen.seen, "until": until, "sure": "1"}, follow=True)
    return page.content.decode(), answer.content.decode()


def test_whether_an_approver_still_may_is_asked_once_and_not_for_each(kopi_kita, approver):
    took = []
    for count in (1, 10):
        for _number in range(count):
            factories.make_refund(kopi_kita, status="waiting", approver=approver.actor)
        with CaptureQueriesContext(connection) as asked:
            covering.go_on()
        took.append(len(asked))
    assert took[0] == took[1]
    Member.objects.filter(pk=approver.pk).update(is_active=False)
    covering.go_on()
    assert set(Refund.objects.using("operator").values_list("status", flat=True)) == {"cancelled"}


def statuses(refunds):
    return [str(now(refund).status) for refund in refunds]


def transfers():
    return set(MoneyTransfer.objects.using("operator").values_list("status", flat=True))


def balance(business):
    with rls.inside_of(business.pk, "live"):
        return ledger.balance(ledger.LedgerOwner(business, "live"))


def wrong():
    with connect("superuser") as superuser, superuser.cursor() as cursor:
        return {result.check.name: result.examples for result in checks.run(cursor) if result.count}


def test_what_the_deposit_covers_goes_and_the_others_wait(client_of, kopi_kita, three, service, approver):
    fund(kopi_kita, 50_000)
    asked, said = approve_all(client_of(approver))
    assert "Your deposit is short of Rp47,500. Refunds that it doesn’t cover wait" in asked
    assert "disabled" not in asked.partition("Approve Rp")[0].rpartition("<button")[2]
    assert "3 are approved: Rp97,500." in said
    assert "1 of them waits until the deposit has enough" in said
    assert statuses(three) == ["processing", "waiting", "processing"], "the first first, and each that fits"
    assert balance(kopi_kita) == Balance(5_000, 45_000)
    mine = Message.objects.get(to=service.user.email, subject__startswith="Approved")
    assert "Approved: 3 of yours" in mine.subject
    assert "1 of them waits until the deposit has enough" in mine.text
    fund(kopi_kita, 47_500)
    sweeps.tidy()
    let_it_arrive()
    assert statuses(three) == ["successful"] * 3
    assert wrong() == {}


def test_transfers_of_the_same_selection_come_first(client_of, kopi_kita, three, approver):
    transfer = sending.create(factories.make_member(kopi_kita, Role.MAKER))
    fund(kopi_kita, transfer.amount + FEE + 15_000)
    approve_all(client_of(approver))
    assert transfers() == {"processing"}
    assert statuses(three) == ["waiting", "waiting", "processing"]
    assert wrong() == {}


def test_all_kinds_and_rows_are_taken_before_the_deposit(client_of, kopi_kita, three, approver, monkeypatch):
    """Who approves one refund meanwhile has its kind and row, and wants the deposit: each would wait for the other."""
    sending.create(factories.make_member(kopi_kita, Role.MAKER))
    fund(kopi_kita)
    hold_many, free = ledger.hold_many, []

    def hold(*args, **how):
        with connect("superuser") as other:
            kind = f"{REFUNDS.source}/{kopi_kita.pk}/{approver.scope('live').mode}"
            free.extend(other.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [kind]).fetchone())
            free.append(len(other.execute("SELECT FROM transactions_refund FOR UPDATE SKIP LOCKED").fetchall()))
        return hold_many(*args, **how)

    monkeypatch.setattr(ledger, "hold_many", hold)
    approve_all(client_of(approver))
    assert free == [False, 0] * 2
    assert (transfers(), set(statuses(three))) == ({"processing"}, {"processing"})


def test_transfers_that_are_not_covered_keep_the_refunds_from_being_approved_too(client_of, kopi_kita, three, approver):
    """trust: M4. It is one act, and the page says why it can't be done."""
    sending.create(factories.make_member(kopi_kita, Role.MAKER))
    fund(kopi_kita, 80_000)
    asked, _said = approve_all(client_of(approver))
    assert "Your deposit is short of Rp7,500: nothing of this can be approved" in asked
    assert (transfers(), set(statuses(three))) == ({"pending_approval"}, {"pending_approval"})
    assert balance(kopi_kita) == Balance(80_000, 0)


def test_what_a_worker_has_still_to_approve_is_left_untouched(client_of, kopi_kita, three, approver, monkeypatch):
    monkeypatch.setattr(many, "AT_ONCE", 3)
    maker = factories.make_member(kopi_kita, Role.MAKER)
    made = [sending.create(maker, account_number=f"001234567{n}", amount=20_000) for n in range(4)]
    fund(kopi_kita, 4 * (20_000 + FEE) + 40_000)
    approve_all(client_of(approver))
    assert statuses(three) == ["processing", "waiting", "waiting"]
    while APPROVALS.work():
        pass
    assert len(made) == 4
    assert transfers() == {"processing"}


def test_what_waits_leaves_the_transfers_of_a_worker_that_failed_once(
    client_of, kopi_kita, three, approver, monkeypatch
):
    """They come first all the same: before refunds that a worker approves, and before what the sweep lets go."""
    monkeypatch.setattr(many, "AT_ONCE", 1)
    maker = factories.make_member(kopi_kita, Role.MAKER)
    for n in range(2):
        sending.create(maker, account_number=f"001234567{n}", amount=20_000)
    fund(kopi_kita, 2 * (20_000 + FEE) + 12_500)
    approve_all(client_of(approver))
    with monkeypatch.context() as patch:
        patch.setattr(many, "_let_go", lambda *_args, **_how: 1 / 0)
        assert APPROVALS.work()
    while APPROVALS.work():
        pass
    sweeps.tidy()
    assert (transfers(), statuses(three)) == ({"pending_approval"}, ["waiting", "waiting", "processing"])
    let_time_pass(APPROVALS)
    assert APPROVALS.work()
    assert transfers() == {"processing"}
    assert wrong() == {}


def test_what_is_approved_between_a_top_up_and_the_sweep_may_go_first_and_the_page_says_so(
    client_of, kopi_kita, service, approver
):
    old, new = (request(service, factories.make_payment(kopi_kita), amount=50_000) for _one in range(2))
    assert approve(approver, old).status == "waiting"
    fund(kopi_kita, 50_000 + FEE)
    assert approve(approver, new).status == "processing"
    sweeps.tidy()
    assert statuses([old, new]) == ["waiting", "processing"]
    page = client_of(approver).get("/approvals/").content.decode()
    assert "the oldest of them first; what is approved in that moment may go before them" in page


def test_a_worker_lets_those_go_that_fit(kopi_kita, three, approver, monkeypatch):
    monkeypatch.setattr(many, "AT_ONCE", 2)
    fund(kopi_kita, 50_000)
    scope, some = approver.scope("live"), many.Selection(REFUNDS, tuple(refund.pk for refund in three))
    with rls.inside(scope):
        many.approve_many(scope, some, seen=many.look_at(scope, some).digest)
    assert APPROVALS.work()
    assert statuses(three) == ["processing", "waiting", "processing"]


def test_what_is_spent_in_the_same_moment_lets_all_wait(kopi_kita, three, approver, monkeypatch):
    fund(kopi_kita)

    def spent(*_args, **_how):
        raise NotEnoughDeposit("available", 0, 1)

    scope, some = approver.scope("live"), many.Selection(REFUNDS, tuple(refund.pk for refund in three))
    with rls.inside(scope):
        with monkeypatch.context() as patch:
            patch.setattr(ledger, "hold_many", spent)
            many.approve_many(scope, some, seen=many.look_at(scope, some).digest)
        lines = {tuple(refund.events.order_by("id").values_list("kind", flat=True)) for refund in three}
        assert set(Refund.objects.values_list("status", "approver_id")) == {(RefundStatus.WAITING, approver.pk)}
    assert lines == {("created", "waiting")}
    sweeps.tidy()
    assert set(statuses(three)) == {"processing"}


def test_who_approves_finds_what_waits_for_the_deposit_and_rejects_it(client_of, kopi_kita, three, approver, stranger):
    """trust: R1. Its page isn't an Approver's."""
    web = client_of(approver)
    assert "waiting for the deposit" not in web.get("/approvals/").content.decode()
    approve_all(web)
    page = web.get("/approvals/").content.decode()
    section = page.partition("Approved, waiting for the deposit")[2].partition("</section>")[0]
    for said in ("Dewi Anggraini", "BCA 0012345678", "Rp52,500", approver.user.name):
        assert said in section
    assert section.count("<li>") == 3
    assert f"/refunds/{three[0].pk}/rejection/" in section
    assert f'"/refunds/{three[0].pk}/"' not in section
    answer = web.post(f"/refunds/{three[0].pk}/rejection/", {"note": "Paid by hand"}, follow=True)
    assert answer.redirect_chain[-1][0] == "/approvals/"
    assert statuses(three) == ["cancelled", "waiting", "waiting"]
    admin = client_of(factories.make_member(kopi_kita, Role.ADMIN)).get("/approvals/").content.decode()
    assert f'"/refunds/{three[1].pk}/"' in admin
    for address in ("/test/approvals/", "/approvals/"):
        who = web if "test" in address else client_of(stranger)
        assert "waiting for the deposit" not in who.get(address).content.decode()


def test_what_is_more_than_a_page_is_counted(client_of, kopi_kita, three, approver, monkeypatch):
    monkeypatch.setattr(queue, "PAGE", 2)
    approve_all(client_of(approver))
    section = client_of(approver).get("/approvals/").content.decode().partition("waiting for the deposit")[2]
    assert section.partition("</section>")[0].count("Reject<") == 2
    assert "and 1 more" in section


def test_enough_is_said_only_when_nobody_older_takes_it(client_of, kopi_kita, three, approver, service):
    approve_all(client_of(approver))
    fund(kopi_kita, 60_000)
    web = client_of(service)
    first, second, third = (web.get(f"/refunds/{refund.pk}/").content.decode() for refund in three)
    for page in (first, third):
        assert "your deposit has enough now: it goes on in a moment" in page
    assert "your deposit is short of Rp25,000, for 1 that waited before it goes first" in second
    transfers = {"source": "money_transfer", "rows": [1], "seen": "x", "is_sure": True, "count": 1, "total": 60_000}
    owner = {"business_id": kopi_kita.pk, "mode": "live", "member_id": approver.pk}
    wanted = BulkApproval.objects.create(**owner, **transfers)
    page = web.get(f"/refunds/{three[0].pk}/").content.decode()
    assert "for transfers that are being approved go first" in page, "the sweep leaves them what they want"
    sweeps.tidy()
    assert statuses(three) == ["waiting", "waiting", "waiting"]
    BulkApproval.objects.filter(pk=wanted.pk).update(status="failed", finished_at=Now())
    sweeps.tidy()
    assert statuses(three) == ["processing", "waiting", "processing"]
