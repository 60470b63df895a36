"""What has ended, and whose rail says the opposite then: it may be paid until people settle it (trust: L8, D6)."""

import pytest
from django.db import IntegrityError
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.permissions import Role
from tests import factories
from tests.transactions import refunding
from tests.transactions.sending import create, fund, let_it_arrive, lines
from transactions.models import RailCase, Status
from transactions.outgoing import answers, cases
from transactions.outgoing.refusals import MayBeTwice
from transactions.rails import Answer, Outcome
from transactions.refunds.services import REFUNDS, OverTheRest
from transactions.transfers.services import MONEY_TRANSFERS

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep"),
]
PAID = Answer(Outcome.SUCCESSFUL)
FAILS, CONTRADICTS = "0012349003", "0012349008"


@pytest.fixture
def maker(kopi_kita):
    fund(kopi_kita)
    return factories.make_member(kopi_kita, Role.EXECUTOR)


def sent(maker, account=FAILS, **fields):
    """Return a transfer that has ended as the last digits of its account say."""
    transfer = create(maker, account_number=account, **fields)
    let_it_arrive()
    transfer.refresh_from_db()
    return transfer


def page_of(client, transfer):
    return client.get(reverse("transactions:transfer-detail", args=[transfer.pk])).content.decode()


def test_what_failed_and_is_paid_by_what_its_rail_says_now_is_not_paid_again(client_of, maker, admin):
    transfer = sent(maker)
    create(maker, account_number=FAILS, is_sure=False, amount=transfer.amount + 1)
    assert "Nothing was paid" in page_of(client_of(maker), transfer)
    for _time in range(2):
        answers.take(MONEY_TRANSFERS.key_of(transfer), PAID)
    assert lines(transfer)[-2:] == ["failed", "disputed"]
    text = page_of(client_of(maker), transfer)
    assert "Nothing was paid" not in text
    assert "The bank has said both: first that it failed, then that it was paid." in text
    assert "FlipDash is looking into it: don’t pay it again." in text
    with pytest.raises(MayBeTwice):
        create(maker, account_number=FAILS, is_sure=False)
    transfer.refresh_from_db()
    for shown in ("transactions/twins.html", "refunds/twins.html"):
        said = render_to_string(shown, {"twins": [transfer]})
        assert "the bank has said that it failed, and that it was paid" in said
    assert cases.close(RailCase.objects.get(), by=admin.user)
    transfer.refresh_from_db()
    assert (transfer.status, transfer.disputed_at) == (Status.FAILED, None)
    assert lines(transfer)[-1] == "upheld"
    assert "Nothing was paid" in page_of(client_of(maker), transfer)
    assert create(maker, account_number=FAILS, is_sure=False)


def test_what_was_paid_and_has_failed_by_what_its_rail_says_now_says_so(client_of, maker):
    transfer = sent(maker, CONTRADICTS)
    assert (transfer.status, bool(transfer.disputed_at)) == (Status.SUCCESSFUL, True)
    text = page_of(client_of(maker), transfer)
    assert "The bank has said both: first that it was paid, then that it failed." in text
    with pytest.raises(MayBeTwice):
        create(maker, account_number=CONTRADICTS, is_sure=False)


def test_a_refund_that_failed_and_was_paid_takes_of_the_payment(kopi_kita, maker):
    """trust: D6. The form and the database."""
    payment = factories.make_payment(kopi_kita, amount=150_000)
    refund = refunding.request(maker, payment, amount=150_000, account_number=FAILS)
    let_it_arrive()
    assert refunding.left(payment) == 150_000
    answers.take(REFUNDS.key_of(refund), PAID)
    assert refunding.left(payment) == 0
    assert refunding.now(refund).is_counted
    with pytest.raises(IntegrityError, match="refunds of payment"):
        factories.make_refund(kopi_kita, payment, amount=20_000)
    other = factories.make_payment(kopi_kita, amount=150_000)
    refund = refunding.request(maker, other, amount=100_000, account_number=FAILS)
    let_it_arrive()
    answers.take(REFUNDS.key_of(refund), PAID)
    with pytest.raises(OverTheRest) as problem:
        refunding.request(maker, other, amount=60_000)
    assert problem.value.left == 50_000
