"""What the database itself refuses of refunds, whatever the code does (trust: D6, W2, L3)."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.db.utils import ProgrammingError

from flipdash import clock, rls
from flipdash.states import MoveRefused, check_move
from tests.factories import make_payment, make_refund
from transactions.models import Payment, Refund, RefundEvent, RefundStatus

pytestmark = pytest.mark.django_db


def test_refunds_together_never_exceed_their_payment(kopi_kita):
    payment = make_payment(kopi_kita, amount=100_000)
    make_refund(kopi_kita, payment, amount=60_000)
    for amount in (40_001, 100_000, 10**15):
        with pytest.raises(IntegrityError, match="refunds of payment"), transaction.atomic():
            make_refund(kopi_kita, payment, amount=amount)
    make_refund(kopi_kita, payment, amount=40_000, status="successful")
    with pytest.raises(IntegrityError, match="refunds of payment"), transaction.atomic():
        make_refund(kopi_kita, payment, amount=1)


@pytest.mark.parametrize("ended", ["failed", "cancelled"])
def test_what_ended_badly_takes_nothing(kopi_kita, ended):
    payment = make_payment(kopi_kita, amount=100_000)
    make_refund(kopi_kita, payment, amount=100_000, status=ended)
    make_refund(kopi_kita, payment, amount=100_000)


@pytest.mark.parametrize("status", ["pending", "failed", "cancelled"])
def test_what_was_not_paid_is_not_refunded(kopi_kita, status):
    payment = make_payment(kopi_kita, status=status)
    with pytest.raises(IntegrityError, match="none that was paid"), transaction.atomic():
        make_refund(kopi_kita, payment)


def test_a_payment_of_another_business_or_mode_is_not_refunded(kopi_kita, toko_sebelah):
    for payment in (make_payment(toko_sebelah), make_payment(kopi_kita, mode="test")):
        with pytest.raises(IntegrityError, match="none that was paid"), transaction.atomic():
            make_refund(kopi_kita, payment)


FIXED = {
    "amount": 14_000,
    "fee": 0,
    "account_number": "0099",
    "beneficiary_name": "Somebody",
    "bank": "bri",
    "cause": "Another",
    "is_to_another": True,
    "name_reason": "Another",
    "maker_id": 5,
}


@pytest.mark.parametrize(("field", "value"), FIXED.items())
def test_what_was_asked_for_stays_as_it_is(kopi_kita, field, value):
    """trust: M3."""
    refund = make_refund(kopi_kita)
    with (
        rls.inside_of(kopi_kita.pk, "live"),
        pytest.raises(IntegrityError, match="keeps its identity"),
        transaction.atomic(),
    ):
        Refund.objects.filter(pk=refund.pk).update(**{field: value})


@pytest.mark.parametrize("status", [one for one in RefundStatus if one != RefundStatus.PENDING_APPROVAL])
def test_none_begins_past_its_approval(kopi_kita, status):
    """trust: M1. What was let go, or has arrived, was asked for first, and holds money."""
    values = {"destination_kind": "bank", "bank": "bca", "account_number": "0012345678", "beneficiary_name": "Dewi"}
    values |= {"amount": 15_000, "cause": "Batal", "via": "dashboard", "maker_kind": "system", "maker_name": ""}
    refund = Refund(business=kopi_kita, mode="live", payment=make_payment(kopi_kita), status=status, **values)
    inside = rls.inside_of(kopi_kita.pk, "live")
    with inside, pytest.raises(IntegrityError, match="begins pending_approval"), transaction.atomic():
        refund.save(force_insert=True)


@pytest.mark.parametrize("value", [None, "2026-03-01T00:00:00Z"])
def test_what_came_back_stays_so(kopi_kita, value):
    """Its rest may have been refunded again since."""
    refund = make_refund(kopi_kita, status="successful", returned_at=clock.now())
    inside = rls.inside_of(kopi_kita.pk, "live")
    with inside, pytest.raises(IntegrityError, match="came back, and keeps when"), transaction.atomic():
        Refund.objects.filter(pk=refund.pk).update(returned_at=value)


def test_the_amount_of_its_payment_stays(kopi_kita):
    payment = make_refund(kopi_kita).payment
    inside = rls.inside_of(kopi_kita.pk, "live")
    with inside, pytest.raises(IntegrityError, match="keeps its identity"), transaction.atomic():
        Payment.objects.filter(pk=payment.pk).update(amount=1)


def test_it_stays_with_its_payment(kopi_kita):
    refund, other = make_refund(kopi_kita), make_payment(kopi_kita)
    inside = rls.inside_of(kopi_kita.pk, "live")
    with inside, pytest.raises(IntegrityError, match="keeps its identity"), transaction.atomic():
        Refund.objects.filter(pk=refund.pk).update(payment=other)


def test_code_and_database_allow_the_same_moves(kopi_kita):
    for was in RefundStatus:
        for to in RefundStatus:
            if was == to:
                continue
            refund = make_refund(kopi_kita, status=was)
            with rls.inside_of(kopi_kita.pk, "live"):
                rows = Refund.objects.filter(pk=refund.pk)
                if to in RefundStatus.moves()[was]:
                    rows.update(disputed_at=Now())  # what has ended moves only so
                    check_move(refund, to)
                    assert rows.update(status=to) == 1
                    continue
                with pytest.raises(MoveRefused):
                    check_move(refund, to)
                with pytest.raises(IntegrityError, match="can't move"), transaction.atomic():
                    rows.update(status=to)


def test_only_its_business_and_mode_see_it(kopi_kita, toko_sebelah):
    """trust: W4. `.visible_to` is forgotten on purpose."""
    make_refund(kopi_kita, events=True)
    assert not Refund.objects.exists()
    for business, mode in ((toko_sebelah, "live"), (kopi_kita, "test")):
        with rls.inside_of(business.pk, mode):
            assert not Refund.objects.exists()
            assert not RefundEvent.objects.exists()
    with rls.inside_of(kopi_kita.pk, "live"):
        assert Refund.objects.count() == RefundEvent.objects.count() == 1


def test_it_is_never_removed_and_its_timeline_never_changed(kopi_kita):
    refund = make_refund(kopi_kita, events=True)
    with rls.inside_of(kopi_kita.pk, "live"):
        with pytest.raises((ProgrammingError, IntegrityError)), transaction.atomic():
            Refund.objects.filter(pk=refund.pk)._raw_delete("default")
        with pytest.raises((ProgrammingError, IntegrityError)), transaction.atomic():
            refund.events.update(by_name="x")
        assert Refund.objects.exists()


def test_a_guard_is_there(kopi_kita):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgname = 'refund_fits' AND tgenabled = 'O'")
        assert cursor.fetchone() == (1,)
