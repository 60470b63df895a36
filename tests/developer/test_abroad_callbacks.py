"""How a transfer abroad ended, as its callback tells it (reference/flip-api.md §6.4 and §8.2)."""

import json

import pytest

from accounts.permissions import Role
from developer.callbacks.abroad import as_international
from developer.callbacks.samples import SAMPLES
from developer.models import Callback, CallbackEvent
from flipdash import rls
from tests import factories
from tests.transactions.abroad import begin, finish
from tests.transactions.sending import answer, fund, send
from transactions.models import InternationalTransfer


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_how_a_transfer_abroad_ended_is_told_as_the_api_says_it(kopi_kita, client_of, asleep):
    admin = factories.make_member(kopi_kita, Role.ADMIN)
    fund(kopi_kita, 100_000_000)
    factories.make_callback_url(admin, CallbackEvent.INTERNATIONAL)
    web = client_of(admin)
    finish(web, "JP C2C", begin(web, "JP C2C"))
    send()
    assert not Callback.objects.using("operator").exists(), "it is on its way"
    answer()
    assert [str(s) for s in InternationalTransfer.objects.values_list("status", flat=True)] == ["successful"]
    row, callback = InternationalTransfer.objects.get(), Callback.objects.using("operator").get()
    assert (callback.kind, callback.source_type, callback.source_id) == (
        "international.successful",
        "international_transfer",
        row.pk,
    )
    told = json.loads(callback.data)
    assert set(SAMPLES["international"]) <= set(told)
    assert (told["status"], told["destination_country"], told["transaction_type"]) == ("DONE", "JPN", "C2C")
    assert (told["beneficiary_amount"], told["amount"]) == (float(row.amount_received), 10_000_000)
    assert told["beneficiary"]["swift_bic_code"] == "BOTKJPJT"
    assert told["beneficiary"]["iban"] is None
    assert told["sender"]["place_of_birth"] is None, "who somebody is leaves us for the rail alone (0109)"


def test_what_failed_and_what_was_imported(kopi_kita):
    failed = factories.make_international(kopi_kita, status="failed", reason="details_wrong")
    with rls.inside_of(kopi_kita.pk, "live"):
        told = as_international(failed)
    assert (told["status"], told["reason"]) == ("CANCELLED", "INVALID_BENEFICIARY_DETAILS")
    assert (told["time_served"], told["sender"], told["transaction_type"]) == ("(not set)", None, "")
