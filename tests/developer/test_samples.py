"""Sample bodies of callbacks: what people build their receivers by must have the fields that facts have."""

import json

from django.utils import timezone

from deposits.models import TopUp
from developer.api.disbursements import DisbursementOut
from developer.callbacks.facts import as_payment, as_refund, as_settled, as_top_up
from developer.callbacks.samples import SAMPLES
from transactions.models import Payment, Refund


def test_a_sample_transfer_has_the_fields_of_a_disbursement():
    assert list(SAMPLES["transfer"]) == list(DisbursementOut.model_fields)
    assert DisbursementOut(**SAMPLES["transfer"]).model_dump() == SAMPLES["transfer"]


def test_a_sample_top_up_has_the_fields_of_one():
    now = timezone.now()
    top_up = TopUp(pk=1, bank="bca", credited_amount=1, created_at=now, settled_at=now)
    assert list(SAMPLES["top-up"]) == list(as_top_up(top_up))


def test_a_sample_refund_has_the_fields_of_one():
    refund = Refund(pk=1, payment_id=2, amount=1, status="successful", created_at=timezone.now())
    assert list(SAMPLES["refund"]) == list(as_refund(refund))


def test_a_sample_payment_has_the_fields_of_one_and_those_of_its_settlement_besides():
    now = timezone.now()
    payment = Payment(channel="bca", channel_kind="va", created_at=now, settled_at=now, settled_amount=1)
    assert list(SAMPLES["payment"]) == list(as_payment(payment))
    assert list(SAMPLES["settlement"]) == list(as_settled(payment))
    assert SAMPLES["settlement"]["settled_amount"] < SAMPLES["settlement"]["amount"], "the fee has been taken"


def test_ids_fit_64_bits_and_are_of_a_day_before_there_was_flipdash():
    for sample in SAMPLES.values():
        for number in (one["id"] for one in [sample] if isinstance(one, dict) and isinstance(one.get("id"), int)):
            assert str(number).startswith("200101")
            assert number < 2**63
        assert json.loads(json.dumps(sample)) == sample
