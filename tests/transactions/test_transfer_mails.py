"""Who is told by mail of a transfer: approvers that it waits, its maker what became of it, who is paid that it came."""

import pytest

from accounts.permissions import Role
from flipdash import rls
from flipdash.models import Message
from tests import factories
from tests.transactions.sending import approve, create, fund, let_it_arrive
from transactions.outgoing import acts
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
