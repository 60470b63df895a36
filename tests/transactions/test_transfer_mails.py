"""Who is told by mail of a transfer: approvers that it waits, its maker what became of it, who is paid that it came."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Activity, Member, Notice
from accounts.permissions import Role
from flipdash import events, mail, rls
from flipdash.models import Message
from tests import factories
from tests.transactions.sending import approve, create, fund, let_it_arrive
from transactions.approvals import services
from transactions.approvals.queue import Filters, Selection
from transactions.outgoing import acts
from transactions.outgoing import mails as sweep_mails
from transactions.transfers.services import MONEY_TRANSFERS

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep"),
]


@pytest.fixture
def people(kopi_kita):
    fund(kopi_kita)
    fund(kopi_kita, mode="test")
    return {role: factories.make_member(kopi_kita, role) for role in Role}


@rls.outside()
def mails():
    """The mails since the last look, by who gets them."""
    found = {message.to: f"{message.subject}\n{message.text}" for message in Message.objects.filter(channel="mail")}
    Message.objects.all().delete()
    return found


def test_approvers_hear_of_what_waits_and_its_maker_of_what_became_of_it(people):
    maker, approver = people[Role.MAKER], people[Role.APPROVER]
    transfer = create(maker, account_number="0012349001")
    found = mails()
    assert set(found) == {people[role].user.email for role in (Role.ADMIN, Role.APPROVER, Role.EXECUTOR)}
    assert f"/money-transfers/{transfer.pk}/" in found[approver.user.email]
    assert "Rp85,000" in found[approver.user.email]
    approve(approver, transfer)
    assert f"{approver.name} has approved it" in mails()[maker.user.email]
    let_it_arrive()
    found = mails()
    assert set(found) == {maker.user.email}
    assert "back in your deposit" in found[maker.user.email]
    assert "has no such account" in found[maker.user.email]


def test_a_rejection_says_why_and_one_s_own_cancellation_says_nothing(people):
    maker, approver = people[Role.MAKER], people[Role.APPROVER]
    first, second = create(maker), create(maker)
    mails()
    for member, act, transfer in ((approver, acts.reject, first), (maker, acts.cancel, second)):
        scope = member.scope("live")
        with rls.inside(scope):
            act(scope, MONEY_TRANSFERS, transfer.pk, note="Not this week")
    found = mails()
    assert set(found) == {maker.user.email}
    assert "Not this week" in found[maker.user.email]


def test_a_maker_hears_who_cancelled_what_they_made(people):
    maker, admin = people[Role.MAKER], people[Role.ADMIN]
    transfer, scope = create(maker), admin.scope("live")
    mails()
    with rls.inside(scope):
        acts.cancel(scope, MONEY_TRANSFERS, transfer.pk, note="Not this week")
    found = mails()
    assert set(found) == {maker.user.email}
    assert f"{admin.name} has cancelled it. Nothing was sent." in found[maker.user.email]


def test_who_is_paid_is_told_where_it_was_asked_for_and_never_in_test_mode(people):
    admin = people[Role.ADMIN]
    create(admin, beneficiary_email="sri@example.test")
    create(admin.scope("test"), beneficiary_email="tes@example.test")
    create(admin)
    let_it_arrive()
    found = mails()
    assert set(found) == {"sri@example.test"}
    assert "Kopi Kita" in found["sri@example.test"]
    assert "money-transfers" not in found["sri@example.test"]


def test_only_so_many_beneficiaries_are_mailed_a_day_and_of_the_others_the_log_says_so(people, monkeypatch):
    """hostile.24a 5: a payroll's mails had no limit, to nobody."""
    monkeypatch.setattr(sweep_mails, "TO_ONE_A_DAY", 1)
    monkeypatch.setattr(sweep_mails, "MOST_A_DAY", 2)
    admin = people[Role.ADMIN]
    for amount, to in ((51_000, "a@x.test"), (52_000, "A@x.test"), (53_000, "b@x.test"), (54_000, "c@x.test")):
        create(admin, beneficiary_email=to, amount=amount)
    let_it_arrive()
    with rls.outside():
        assert Message.objects.filter(rank=mail.Rank.BULK, lane=admin.business_id).count() == 2
    assert set(mails()) == {"a@x.test", "b@x.test"}
    kept_back = Activity.objects.filter(kind="transfer.unmailed").order_by("pk")
    assert [one.facts["to"] for one in kept_back] == ["A@x.test", "c@x.test"]


def test_what_was_mailed_today_is_counted_once_for_all_that_arrive_together(people, kopi_kita):
    """Within the transaction that closes a payroll, and under its locks."""
    scope = people[Role.ADMIN].scope("live")
    fields = {"status": "successful", "beneficiary_email": "a@x.test,b@x.test"}
    paid = [factories.make_transfer(kopi_kita, **fields) for _number in range(3)]
    with rls.inside(scope), CaptureQueriesContext(connection) as asked:
        events.record_many([events.Event(scope, "transfer.successful", row, {}) for row in paid])
    read = [query["sql"] for query in asked if 'FROM "flipdash_message"' in query["sql"]]
    assert len([sql for sql in read if "COUNT(" in sql]) == 1
    with rls.outside():
        assert Message.objects.filter(rank=mail.Rank.BULK, lane=kopi_kita.pk).count() == 6


def test_who_switched_a_notice_off_or_is_away_isn_t_told(people, client_of):
    approver, executor, maker = people[Role.APPROVER], people[Role.EXECUTOR], people[Role.MAKER]
    day = approver.scope("live").now().date() + timedelta(days=3)
    client_of(approver).post("/my-profile/notices/", {"wanted": ["waiting"], "away_until": f"{day:%Y-%m-%d}"})
    client_of(executor).post("/my-profile/notices/", {"wanted": ["outcome"], "away_until": ""})
    client_of(maker).post("/my-profile/notices/", {"wanted": []})
    transfer = create(maker)
    assert set(mails()) == {people[Role.ADMIN].user.email}
    approve(approver, transfer)
    assert mails() == {}
    Member.objects.filter(pk=approver.pk).update(away_until=Now())
    create(maker, amount=90_000)
    assert set(mails()) == {people[Role.ADMIN].user.email, approver.user.email}, "back again"


@pytest.mark.parametrize("typed", ["2020-01-01", "2999-01-01", "tomorrow"])
def test_away_until_is_a_day_to_come(people, client_of, typed):
    page = client_of(people[Role.APPROVER]).post("/my-profile/notices/", {"wanted": [], "away_until": typed})
    assert page.status_code == 200
    assert typed in page.content.decode() or "date" in page.content.decode()
    people[Role.APPROVER].refresh_from_db()
    assert people[Role.APPROVER].away_until is None


def test_who_lost_the_right_is_told_nothing_more_by_mail_either(people):
    """Their list in the page hides it, and their settings don't offer to switch it off (trust: R2, R4)."""
    maker, approver = people[Role.MAKER], people[Role.APPROVER]
    alone, first, _second = (create(maker, account_number=f"001234567{number}") for number in range(3))
    Member.objects.filter(pk=maker.pk).update(role=Role.CUSTOMER_SERVICE)
    mails()
    approve(approver, alone)
    scope = approver.scope("live")
    with rls.inside(scope):
        acts.reject(scope, MONEY_TRANSFERS, first.pk, note="Not now")
        chosen = Selection(Filters(), is_all=True)
        assert services.reject(scope, chosen, note="Not this week").done == 1
    let_it_arrive()
    assert mails() == {}
    with rls.outside():
        assert not Notice.objects.filter(member=maker).exists()
    Member.objects.filter(pk=maker.pk).update(role=Role.MAKER)
    approve(approver, create(maker, account_number="0012345679"))
    assert maker.user.email in mails(), "who has it again is told again"


def test_a_maker_hears_when_nobody_could_approve(people, kopi_kita):
    maker = people[Role.MAKER]
    may = Member.objects.filter(business=kopi_kita, role__in=[Role.ADMIN, Role.APPROVER, Role.EXECUTOR])
    may.update(away_until=Now() + timedelta(days=2))
    create(maker)
    found = mails()
    assert set(found) == {maker.user.email}
    assert "is away. The first is back on" in found[maker.user.email]
    may.update(is_active=False)
    create(maker, amount=90_000)
    assert "nobody else may approve" in mails()[maker.user.email]


def test_approvers_are_reminded_once_after_four_hours(people, kopi_kita):
    maker, approver = people[Role.MAKER], people[Role.APPROVER]
    create(maker)
    mails()
    sweep_mails.remind()
    assert mails() == {}
    late = factories.make_transfer(
        kopi_kita,
        status="pending_approval",
        maker=maker.actor,
        created_at=timezone.now() - timedelta(hours=4, minutes=1),
    )
    sweep_mails.remind()
    found = mails()
    assert set(found) == {people[role].user.email for role in (Role.ADMIN, Role.APPROVER, Role.EXECUTOR)}
    assert "/approvals/" in found[approver.user.email]
    late.refresh_from_db()
    assert late.reminded_at
    sweep_mails.remind()
    assert mails() == {}


def test_a_reminder_waits_for_somebody_who_is_there(people, kopi_kita, toko_sebelah, monkeypatch):
    """And what breaks for one business keeps no other's from it."""
    made = {"status": "pending_approval", "created_at": timezone.now() - timedelta(hours=5)}
    late = factories.make_transfer(kopi_kita, maker=people[Role.MAKER].actor, **made)
    own = factories.make_transfer(toko_sebelah, maker=factories.make_member(toko_sebelah).actor, **made)
    approvers = Member.objects.filter(business=kopi_kita)
    approvers.update(away_until=Now() + timedelta(days=2))
    sweep_mails.remind()
    assert mails() == {}
    approvers.filter(role=Role.APPROVER).update(away_until=None)
    remind = sweep_mails._remind
    monkeypatch.setattr(sweep_mails, "_remind", lambda *args: 1 // (args[1] != toko_sebelah.pk) and remind(*args))
    sweep_mails.remind()
    assert set(mails()) == {people[Role.APPROVER].user.email}
    assert [type(row).objects.get(pk=row.pk).reminded_at is None for row in (late, own)] == [False, True]


def test_what_its_maker_alone_could_be_reminded_of_is_left_alone_by_each_sweep(kopi_kita, people):
    """Neither read nor locked: a whole payroll may wait so for days."""
    maker, others = people[Role.ADMIN], Member.objects.filter(business=kopi_kita).exclude(pk=people[Role.ADMIN].pk)
    made = {"status": "pending_approval", "created_at": timezone.now() - timedelta(hours=5)}
    own = factories.make_transfer(kopi_kita, maker=maker.actor, **made)
    others.update(away_until=Now() + timedelta(days=2))
    with CaptureQueriesContext(connection) as asked:
        sweep_mails.remind()
    assert not [query["sql"] for query in asked if "moneytransfer" in query["sql"]]
    others_own = factories.make_transfer(kopi_kita, maker=people[Role.MAKER].actor, **made)
    sweep_mails.remind()
    assert "Still waiting for you: 1, " in mails()[maker.user.email]
    assert [type(row).objects.get(pk=row.pk).reminded_at is None for row in (own, others_own)] == [True, False]
    others.filter(role=Role.APPROVER).update(away_until=None)
    sweep_mails.remind()
    assert set(mails()) == {people[Role.APPROVER].user.email}


def test_makers_hear_once_of_many_that_were_rejected_together(people):
    maker, approver = people[Role.MAKER], people[Role.APPROVER]
    for number in range(3):
        create(maker, account_number=f"001234567{number}")
    mails()
    scope = approver.scope("live")
    with rls.inside(scope):
        assert services.reject(scope, Selection(Filters(), is_all=True), note="Not this week").done == 3
    found = mails()
    assert set(found) == {maker.user.email}
    assert "Rejected: 3 of yours, Rp255,000" in found[maker.user.email]
    assert f"{approver.name} has rejected it. Nothing was sent.\nReason: Not this week" in found[maker.user.email]


def test_makers_hear_once_of_many_that_were_approved_together(people):
    maker, approver = people[Role.MAKER], people[Role.APPROVER]
    for number in range(3):
        create(maker, account_number=f"001234567{number}")
    mails()
    scope = approver.scope("live")
    with rls.inside(scope):
        chosen = Selection(Filters(), is_all=True)
        services.approve(scope, chosen, seen=services.look(scope, chosen).seen)
    found = mails()
    assert set(found) == {maker.user.email}
    assert "Approved: 3 of yours" in found[maker.user.email]
