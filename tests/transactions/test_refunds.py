"""A refund's life: asked for, approved, waiting for the deposit, sent, answered (trust: D6, L6, M1-M3, Q2, R1)."""

import uuid

import pytest
from django.db import IntegrityError
from django.template.loader import render_to_string

from accounts.models import Activity, Member, Notice
from accounts.permissions import Role
from accounts.rights import NotAllowed
from deposits import ledger
from deposits.ledger import Balance, checks
from flipdash import rls
from flipdash.models import Message
from tests import factories
from tests.deposits.conftest import connect
from tests.transactions import sending
from tests.transactions.bulk_files import checked, csv, rows_of
from tests.transactions.refunding import approve, draft, left, lines, now, request
from tests.transactions.sending import answer, fund, let_it_arrive, send
from transactions.models import MoneyTransfer, RailCase, Refund, RefundStatus
from transactions.outgoing import acts, cases, changes, covering, many, sweeps
from transactions.outgoing.refusals import Changed, MayBeTwice, NotWaiting, SecondPersonNeeded
from transactions.rails import Outcome, simulator
from transactions.refunds import services
from transactions.refunds.services import REFUNDS, NotRefundable, OverTheRest
from transactions.transfers import by_program
from transactions.transfers.services import MONEY_TRANSFERS, NameDiffers

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep", "files"),
]


@pytest.fixture
def service(kopi_kita):
    return factories.make_member(kopi_kita, Role.CUSTOMER_SERVICE)


@pytest.fixture
def approver(kopi_kita):
    return factories.make_member(kopi_kita, Role.APPROVER)


@pytest.fixture
def executor(kopi_kita):
    return factories.make_member(kopi_kita, Role.EXECUTOR)


@pytest.fixture
def payment(kopi_kita):
    return factories.make_payment(kopi_kita, amount=150_000)


def balance(who):
    scope = who.scope("live")
    with rls.inside(scope):
        return ledger.balance(scope)


def wrong():
    with connect("superuser") as superuser, superuser.cursor() as cursor:
        return {result.check.name: result.examples for result in checks.run(cursor) if result.count}


def test_customer_service_asks_an_approver_approves_and_the_payer_has_it(kopi_kita, service, approver, payment):
    fund(kopi_kita, 1_000_000)
    refund = request(service, payment, amount=75_000)
    assert (refund.status, refund.fee, left(payment)) == (RefundStatus.PENDING_APPROVAL, 2_500, 75_000)
    assert balance(service) == Balance(1_000_000, 0)
    with pytest.raises(NotAllowed):
        approve(service, refund)
    assert approve(approver, refund).status == RefundStatus.PROCESSING
    assert balance(service) == Balance(922_500, 77_500)
    let_it_arrive()
    assert now(refund).status == RefundStatus.SUCCESSFUL
    assert balance(service) == Balance(922_500, 0)
    assert lines(refund) == ["created", "approved", "sent", "successful"]
    kinds = ["refund.created", "refund.approved", "refund.successful"]
    assert Activity.objects.using("operator").filter(kind__in=kinds).count() == len(kinds)
    assert left(payment) == 75_000
    assert wrong() == {}


def test_who_may_approve_approves_by_asking_and_twice_is_once(kopi_kita, executor, payment):
    """trust: L6."""
    fund(kopi_kita)
    scope, key = executor.scope("live"), uuid.uuid4()
    with rls.inside(scope):
        first = services.request(scope, draft(payment), made_key=key)
        again = services.request(scope, draft(payment, amount=99_000), made_key=key)
    assert (first.is_new, again.is_new) == (True, False)
    assert first.refund.pk == again.refund.pk
    assert now(first.refund).status == RefundStatus.PROCESSING
    assert left(payment) == 135_000


def test_what_the_bank_refuses_comes_back_and_can_be_refunded_again(kopi_kita, executor, payment):
    fund(kopi_kita, 1_000_000)
    refund = request(executor, payment, amount=150_000, account_number="0012349003")
    assert left(payment) == 0
    with pytest.raises(NotRefundable):
        request(executor, payment)
    let_it_arrive()
    assert now(refund).status == RefundStatus.FAILED
    assert balance(executor) == Balance(1_000_000, 0)
    assert left(payment) == 150_000
    assert request(executor, payment, amount=150_000).status == RefundStatus.PROCESSING
    assert wrong() == {}


def test_short_of_money_it_waits_with_its_reason_and_goes_on_after_a_top_up(kopi_kita, service, approver, payment):
    fund(kopi_kita, 50_000)
    refund, small = request(service, payment, amount=100_000), request(service, payment, amount=20_000)
    assert approve(approver, refund).status == RefundStatus.WAITING
    assert balance(service) == Balance(50_000, 0)
    with rls.inside_of(kopi_kita.pk, "live"):
        assert refund.events.get(kind="waiting").note == "", "no words in the approver's language"
    assert Activity.objects.using("operator").get(kind="refund.waiting").facts["missing"] == 52_500
    assert (
        "It was short of Rp52,500 then." in Message.objects.get(to=service.user.email, text__contains="short of").text
    )
    sweeps.tidy()
    assert now(refund).status == RefundStatus.WAITING
    assert approve(approver, small).status == RefundStatus.PROCESSING, "what fits isn't kept from going"
    fund(kopi_kita, 80_000)
    sweeps.tidy()
    sweeps.tidy()
    assert now(refund).status == RefundStatus.PROCESSING
    assert balance(service) == Balance(5_000, 125_000)
    let_it_arrive()
    assert [now(one).status for one in (refund, small)] == ["successful", "successful"]
    assert lines(refund) == ["created", "waiting", "covered", "sent", "successful"]
    assert wrong() == {}


def test_one_that_fits_goes_on_however_many_wait_before_it_that_do_not(
    kopi_kita, service, approver, payment, monkeypatch
):
    monkeypatch.setattr(covering, "MOST_AT_ONCE", 1)
    fund(kopi_kita, 5_000)
    large, small = request(service, payment, amount=100_000), request(service, payment, amount=20_000)
    assert {approve(approver, refund).status for refund in (large, small)} == {RefundStatus.WAITING}
    fund(kopi_kita, 20_000)
    sweeps.tidy()
    assert (now(large).status, now(small).status) == (RefundStatus.WAITING, RefundStatus.PROCESSING)


@pytest.mark.parametrize("is_covered", [True, False])
def test_one_that_waits_is_cancelled_when_its_approver_may_no_more(kopi_kita, service, approver, payment, is_covered):
    """trust: Q2. At once, and not only when there is enough for it; who asked for it is told."""
    refund = request(service, payment)
    approve(approver, refund)
    Member.objects.filter(pk=approver.pk).update(role=Role.REVIEWER)
    if is_covered:
        fund(kopi_kita)
    Message.objects.all().delete()
    sweeps.tidy()
    assert (now(refund).status, now(refund).reason) == (RefundStatus.CANCELLED, "not_approved")
    assert left(payment) == 150_000
    mine = Message.objects.get(to=service.user.email)
    assert "It was cancelled by itself. Nothing was sent." in mine.text
    assert "Whoever approved it may no longer approve" in mine.text


def test_one_that_fails_to_go_on_keeps_none_of_the_others(kopi_kita, service, approver, payment, monkeypatch, caplog):
    first, second = (request(service, payment, amount=amount) for amount in (20_000, 30_000))
    for refund in (first, second):
        approve(approver, refund)
    fund(kopi_kita)
    covered = changes.covered

    def breaks(by, product, row):
        if row.pk == first.pk:
            raise ValueError("broken")
        return covered(by, product, row)

    monkeypatch.setattr(changes, "covered", breaks)
    sweeps.tidy()
    assert [now(one).status for one in (first, second)] == [RefundStatus.WAITING, RefundStatus.PROCESSING]
    assert f"refund that waits {first.pk}" in caplog.text


def test_one_that_waits_can_be_cancelled_by_who_asked_for_it(kopi_kita, service, approver, payment):
    refund = request(service, payment)
    approve(approver, refund)
    scope = service.scope("live")
    with rls.inside(scope):
        acts.cancel(scope, REFUNDS, refund.pk)
    fund(kopi_kita)
    sweeps.tidy()
    assert now(refund).status == RefundStatus.CANCELLED
    other = factories.make_member(kopi_kita, Role.DEPOSIT_ADMIN).scope("live")
    refund = request(service, payment)
    with rls.inside(other), pytest.raises(NotAllowed):
        acts.cancel(other, REFUNDS, refund.pk)


def test_nothing_is_asked_for_that_cant_be_given_back(kopi_kita, service, payment):
    with pytest.raises(OverTheRest) as problem:
        request(service, payment, amount=150_001)
    assert problem.value.left == 150_000
    for status in ("pending", "failed", "cancelled"):
        with pytest.raises(NotRefundable):
            request(service, factories.make_payment(kopi_kita, status=status))
    with pytest.raises(NameDiffers):
        request(service, payment, holder_name="BAMBANG SUTEJO")
    request(service, payment)
    with pytest.raises(MayBeTwice):
        request(service, payment, is_sure=False)
    for role in (Role.APPROVER, Role.MAKER, Role.REVIEWER, Role.DEVELOPER):
        with pytest.raises(NotAllowed):
            request(factories.make_member(kopi_kita, role), payment)


def test_the_second_person_rule_holds_for_refunds(kopi_kita, executor, approver, payment):
    """trust: M2."""
    fund(kopi_kita)
    kopi_kita.second_person_required = True
    kopi_kita.save()
    refund = request(executor, payment)
    assert refund.status == RefundStatus.PENDING_APPROVAL
    with pytest.raises(SecondPersonNeeded):
        approve(executor, refund)
    assert approve(approver, refund).status == RefundStatus.PROCESSING


def test_the_second_person_rule_judges_the_refunds_of_a_payment_together(kopi_kita, executor, payment):
    """trust: M2. From an amount on: one payment isn't given back in small parts, alone or by a bulk approval."""
    fund(kopi_kita)
    kopi_kita.second_person_required, kopi_kita.second_person_from = True, 50_000
    kopi_kita.save()
    first, second = (request(executor, payment, amount=amount) for amount in (30_000, 20_000))
    assert [first.status, second.status] == [RefundStatus.PROCESSING, RefundStatus.PENDING_APPROVAL]
    with pytest.raises(SecondPersonNeeded):
        approve(executor, second)
    scope, some = executor.scope("live"), many.Selection(REFUNDS, (second.pk,))
    with rls.inside(scope), pytest.raises(SecondPersonNeeded):
        many.approve_many(scope, some, seen=many.look_at(scope, some).digest, sure=True)
    other = factories.make_payment(kopi_kita)
    assert request(executor, other, amount=40_000).status == RefundStatus.PROCESSING


def test_what_was_rejected_is_not_asked_for_again_as_less(kopi_kita, executor, approver, payment):
    """trust: M2. Alone or by a bulk approval; what failed is asked for again as it was."""
    fund(kopi_kita)
    kopi_kita.second_person_required, kopi_kita.second_person_from = True, 50_000
    kopi_kita.save()
    failed = request(executor, payment, amount=40_000, account_number="0012349003")
    let_it_arrive()
    assert now(failed).status == RefundStatus.FAILED
    refund = request(executor, payment, amount=60_000)
    with rls.inside(approver.scope("live")):
        acts.reject(approver.scope("live"), REFUNDS, refund.pk, note="No")
    less = request(executor, payment, amount=40_000)
    assert less.status == RefundStatus.PENDING_APPROVAL
    scope, some = executor.scope("live"), many.Selection(REFUNDS, (less.pk,))
    with rls.inside(scope), pytest.raises(SecondPersonNeeded):
        many.approve_many(scope, some, seen=many.look_at(scope, some).digest, sure=True)


def test_what_is_approved_is_what_was_seen(kopi_kita, service, approver, payment):
    """trust: M1, M3. Another of the same amount since then is seen first."""
    fund(kopi_kita)
    refund, scope = request(service, payment), approver.scope("live")
    with rls.inside(scope):
        seen = REFUNDS.digest_of(scope, refund)
    request(service, payment)
    with pytest.raises(Changed):
        approve(approver, refund, seen=seen)
    with pytest.raises(MayBeTwice):
        approve(approver, refund, sure=False)
    approve(approver, refund)
    with pytest.raises(NotWaiting):
        approve(approver, refund)


def test_a_lost_answer_is_asked_for_and_nothing_is_paid_twice(kopi_kita, executor, payment):
    """trust: L8. Inherited: the rail knows it by a key of its own."""
    fund(kopi_kita)
    refund = request(executor, payment, account_number="0012349007")
    send()
    answer()
    send()
    assert now(refund).status == RefundStatus.SUCCESSFUL
    assert wrong() == {}


def test_what_came_back_is_credited_by_a_person_and_can_be_refunded_again(kopi_kita, executor, payment, admin):
    fund(kopi_kita, 1_000_000)
    refund = request(executor, payment, amount=150_000, account_number="0012349009")
    let_it_arrive()
    assert (now(refund).status, left(payment)) == (RefundStatus.SUCCESSFUL, 0)
    assert cases.credit(RailCase.objects.get(), by=admin.user)
    assert now(refund).returned_at is not None
    assert left(payment) == 150_000
    assert request(executor, payment, amount=150_000).status == RefundStatus.PROCESSING
    assert wrong() == {}


def test_what_did_not_come_back_of_a_refund_is_not_refunded_again(kopi_kita, executor, payment, admin):
    """trust: D6. In the form, on the payment's page and in the database."""
    fund(kopi_kita, 1_000_000)
    refund = request(executor, payment, amount=150_000, account_number="0012349011")
    let_it_arrive()
    assert cases.credit(RailCase.objects.get(), by=admin.user)
    came = 150_000 - simulator.KEPT
    assert (now(refund).came_back, now(refund).given, left(payment)) == (came, simulator.KEPT, came)
    with pytest.raises(OverTheRest):
        request(executor, payment, amount=came + 1)
    with pytest.raises(IntegrityError, match="refunds of payment"):
        factories.make_refund(kopi_kita, payment, amount=came + 1)
    assert request(executor, payment, amount=came).status == RefundStatus.PROCESSING
    assert wrong() == {}


def test_a_transfer_of_the_same_money_as_a_refund_is_asked_about(kopi_kita, executor, payment):
    """trust: L5. In the form, on Approvals, in a file and by the API; not once the refund has come back."""
    fund(kopi_kita, 1_000_000)
    refund = request(executor, payment, amount=85_000)
    scope = executor.scope("live")
    with pytest.raises(MayBeTwice):
        sending.create(executor, is_sure=False)
    transfer = sending.create(factories.make_member(kopi_kita, Role.MAKER))
    with rls.inside(scope):
        assert [row.pk for row in MONEY_TRANSFERS.duplicates(scope, transfer)] == [refund.pk]
        twins = MONEY_TRANSFERS.twins(scope, [transfer.pk])
        assert twins == {transfer.pk: [(refund.pk, "processing")]}
        (looked,) = MONEY_TRANSFERS.look.at(scope, MoneyTransfer.objects.filter(pk=transfer.pk))
        assert looked.is_twin
        assert by_program._is_twin(scope, sending.draft())
        said = render_to_string("transactions/twins.html", {"twins": [refund]})
        assert f"Refund {refund.pk}" in " ".join(said.split())
    draft = checked(executor, csv("BCA,0012345678,Dewi,85000,,,", "BCA,0012345678,Dewi,85001,,,"))
    assert [row.is_paid_before for row in rows_of(draft)] == [True, False]
    with rls.inside(scope):
        Refund.objects.filter(pk=refund.pk).update(status="failed")
        MoneyTransfer.objects.filter(pk=transfer.pk).update(status="cancelled")
        assert not MONEY_TRANSFERS.duplicates(scope, transfer)
        assert not services.transfers.twins_of_draft(scope, sending.draft())


def test_check_ledger_finds_refunds_beyond_their_payment(kopi_kita, payment):
    refund = factories.make_refund(kopi_kita, payment)
    planted = (
        f"UPDATE transactions_refund SET amount = 150001 WHERE id = {refund.pk}",
        f"UPDATE transactions_payment SET status = 'failed', paid_at = NULL WHERE id = {payment.pk}",
        f"UPDATE transactions_refund SET mode = 'test' WHERE id = {refund.pk}",
    )
    with connect("superuser") as superuser, superuser.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for statement in planted:
            with superuser.transaction(force_rollback=True):
                cursor.execute(statement)
                found = {result.check.name for result in checks.run(cursor) if result.count}
                assert "Refunds are within what was paid" in found, statement


@pytest.mark.parametrize("status", ["processing", "successful", "failed"])
def test_check_ledger_finds_refunds_that_were_let_go_without_a_hold(kopi_kita, payment, status):
    refund = factories.make_refund(kopi_kita, payment, status=status)
    (found,) = wrong()["Refunds that were let go have their hold"]
    assert str(refund.pk) in found


def test_forced_by_hand_in_test_mode(kopi_kita, executor):
    scope = executor.scope("test")
    fund(kopi_kita, mode="test")
    payment = factories.make_payment(kopi_kita, mode="test")
    refund = request(scope, payment, account_number="0012349006")
    send()
    with rls.inside(scope):
        simulator.force(REFUNDS.key_of(refund), Outcome.SUCCESSFUL)
    assert now(refund).status == RefundStatus.SUCCESSFUL


def test_mails_lead_approvers_to_what_they_can_open(kopi_kita, service, approver, payment):
    request(service, payment)
    with rls.inside_of(kopi_kita.pk, "live"):
        assert not Notice.objects.filter(member=service).exists(), "somebody is there who can approve it"
    mine = Message.objects.get(to=approver.user.email)
    with rls.inside_of(kopi_kita.pk, "live"):
        refund = Refund.objects.get()
    assert f"/refunds/{refund.pk}/approval/" in mine.text
    assert "A refund of Kopi Kita to Dewi Anggraini waits" in mine.text


def test_who_asked_hears_what_became_of_it_in_the_bell_and_may_switch_that_off(client_of, service, approver, payment):
    """Customer Service creates no transfers: what it is told of refunds goes by the right to ask for them."""
    approve(approver, request(service, payment))
    bell = client_of(service).get("/notices/")
    assert "Approved, waits for the deposit: Rp15,000" in bell.content.decode()
    Member.objects.filter(pk=service.pk).update(muted=["refund-outcome"])
    Message.objects.all().delete()
    approve(approver, request(service, payment))
    assert not Message.objects.filter(to=service.user.email).exists()
