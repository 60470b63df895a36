"""What people see of settlements, and Settle now in Test Mode (trust: D8, W1)."""

import re
from datetime import UTC, date, datetime
from io import StringIO

import pytest
from django.core.management import call_command
from django.http import QueryDict

from accounts.permissions import Role
from deposits import ledger
from deposits.models import Entry
from flipdash import clock, rls
from tests import factories
from tests.test_lookup import look
from tests.transactions.settling import begin, paid, settle
from transactions.models import Payment, SettlementRun
from transactions.payments.settlement_history import SettlementHistory

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep"),
]
TUESDAY = date(2025, 9, 2)
MONDAY_NOON = datetime(2025, 9, 1, 5, tzinfo=UTC)


def runs():
    return SettlementRun.objects.using("operator")


def available(business, mode="live"):
    with rls.inside_of(business.pk, mode):
        return ledger.balance(ledger.LedgerOwner(business, mode)).available


def holds():
    """Ask the ledger and all that is known of payments whether everything adds up."""
    out = StringIO()
    call_command("check_ledger", stdout=out)
    return "The ledger holds." in out.getvalue()


# --- Settle now, in Test Mode ----------------------------------------------------------------------------------------


def test_settle_now_settles_one_and_hides_elsewhere(web, kopi_kita):
    one, other = (paid(kopi_kita, clock.now(), mode="test") for _ in range(2))
    page = web.get(f"/test/payments/{one.pk}/").content.decode()
    assert "Settle now" in page
    assert "Settles on" in page
    for _click in range(2):
        assert "It is being settled" in web.post(f"/test/payments/{one.pk}/settled/", follow=True).content.decode()
    settle(runs().get(mode="test"))
    page = web.get(f"/test/payments/{one.pk}/").content.decode()
    assert "Settle now" not in page
    assert "Rp146,000 came into the deposit" in page
    assert "There is nothing to settle" in web.post(f"/test/payments/{one.pk}/settled/", follow=True).content.decode()
    assert available(kopi_kita, "test") == 146_000
    assert dict(Payment.objects.values_list("pk", "settlement_status")) == {one.pk: "settled", other.pk: "pending"}
    assert holds()
    live = paid(kopi_kita, clock.now())
    assert "Settle now" not in web.get(f"/payments/{live.pk}/").content.decode()
    assert web.post(f"/payments/{live.pk}/settled/").status_code == 404
    assert not runs().filter(mode="live").exists()


def test_who_may_not_create_settles_nothing(client_of, kopi_kita, stranger):
    payment = paid(kopi_kita, clock.now(), mode="test")
    reader = client_of(factories.make_member(kopi_kita, Role.CUSTOMER_SERVICE))
    assert "Settle now" not in reader.get(f"/test/payments/{payment.pk}/").content.decode()
    assert reader.post(f"/test/payments/{payment.pk}/settled/").status_code == 403
    assert client_of(stranger).post(f"/test/payments/{payment.pk}/settled/").status_code == 404
    assert not runs().exists()


# --- Its pages -------------------------------------------------------------------------------------------------------


def test_settlements_stand_in_the_menu_where_they_are_opened_from_and_are_found_by_name(web):
    content = web.get("/payments/settlements/").content.decode()
    current = re.search(r'aria-current="page">([^<]+)<', content)
    assert current is not None
    assert current[1] == "Payment History"
    assert look(web, "settlements")["Pages"] == ["Settlements"]


def test_settlements_say_when_what_is_paid_today_comes(scope, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda using="default": MONDAY_NOON)
    assert "what is paid today, on Tue 2 Sep" in SettlementHistory(scope, QueryDict()).notice


def test_a_settlement_leads_to_its_payments_its_entry_and_back(web, client_of, kopi_kita, stranger):
    mine = paid(kopi_kita, MONDAY_NOON, sender_name="Dewi Lestari")
    paid(kopi_kita, MONDAY_NOON, amount=100_000, fee=700, channel="qris", channel_kind="qris")
    run = settle(begin(kopi_kita, TUESDAY))
    later = paid(kopi_kita, clock.now(), sender_name="Somebody Else")
    listed = web.get("/payments/settlements/").content.decode()
    for shown in ("2 Sep 2025", "Rp245,300", "reaches the deposit on the next day on which banks work"):
        assert shown in listed
    page = web.get(f"/payments/settlements/{run.pk}/").content.decode()
    for shown in ("Rp250,000", "Rp4,700", "Rp245,300", "QRIS", "BCA", f"/payments/?run={run.pk}", "Payment settled"):
        assert shown in page
    with rls.inside_of(kopi_kita.pk, "live"):
        entry = Entry.objects.get(account__kind="available")
    assert f"/deposit/history/{entry.pk}/" in page
    assert f"/payments/settlements/{run.pk}/" in web.get(f"/deposit/history/{entry.pk}/").content.decode()
    payments = web.get(f"/payments/?run={run.pk}").content.decode()
    assert "Dewi Lestari" in payments
    assert "Somebody Else" not in payments
    assert f"/payments/settlements/{run.pk}/" in web.get(f"/payments/{mine.pk}/").content.decode()
    assert "Settles on" in web.get(f"/payments/{later.pk}/").content.decode()
    assert client_of(stranger).get(f"/payments/settlements/{run.pk}/").status_code == 404
    assert "Dewi Lestari" not in client_of(stranger).get(f"/payments/?run={run.pk}").content.decode()
    assert web.get(f"/test/payments/settlements/{run.pk}/").status_code == 404
    assert "This is not a Settlement ID." in web.get("/payments/?run=12").content.decode()
