"""What the tests of invoices share: a business whose months have ended, and fees in its ledger."""

import itertools
from datetime import datetime
from types import SimpleNamespace
from unittest import mock

import pytest

from accounts.models import Business
from deposits import ledger
from deposits.ledger import Source
from documents.invoices import services
from documents.models import Invoice
from flipdash import rls
from flipdash.scope import Scope
from tests import factories

NPWP = "0921345678017000"
ADDRESS = "Jalan Braga No. 27, Sumur Bandung, Bandung 40111, Indonesia"
_numbers = itertools.count(1)


def at(written: str) -> datetime:
    return datetime.fromisoformat(written)


def fill(business: Business, **fields) -> Business:
    """Write what an invoice needs to know of a business, which joined in September."""
    values = {"npwp": NPWP, "address": ADDRESS, "created_at": at("2026-09-10T00:00+07:00"), **fields}
    Business.objects.filter(pk=business.pk).update(**values)
    business.refresh_from_db()
    return business


def pay_fee(
    business: Business, moment: str, fee: int = 2_500, *, mode: str = "live", kind: str = "bank", amount=100_000
):
    """Let a transfer succeed at a moment, and take its fee; return the posting that took it."""
    row = factories.make_transfer(
        business, mode=mode, destination_kind=kind, amount=amount, fee=fee, created_at=at(moment)
    )
    scope, source = Scope.by_itself(business, mode), Source("money_transfer", row.pk)
    with rls.inside(scope):
        ledger.top_up(scope, Source("top_up", next(_numbers)), amount=amount + fee, bank="bca", effective_at=at(moment))
        ledger.hold(scope, source, amount=amount + fee, effective_at=at(moment))
        return ledger.capture(scope, source, amount=amount, fee=fee, rail="simulator", effective_at=at(moment))


def settle(business: Business, moment: str, amount: int, fee: int, *, kind: str = "qris", mode: str = "live") -> None:
    """Let a customer's payment be settled at a moment, less the fee."""
    row = factories.make_payment(
        business, mode=mode, channel_kind=kind, channel="qris", amount=amount, fee=fee, created_at=at(moment)
    )
    scope = Scope.by_itself(business, mode)
    with rls.inside(scope):
        return ledger.settle(
            scope, Source("payment", row.pk), amount=amount, fee=fee, channel="qris", effective_at=at(moment)
        )


def issue_all() -> list[Invoice]:
    """Let every month that has ended by November 2026 be billed; return the rows, the oldest first."""
    november = SimpleNamespace(now=lambda _using: at("2026-11-20T12:00+07:00"))
    with mock.patch.object(services, "clock", november):
        services.queue_due()
    while services.INVOICES.work():
        pass
    return list(Invoice.objects.using("operator").order_by("business_id", "mode", "period", "id"))


def live(business: Business) -> list[Invoice]:
    rows = Invoice.objects.using("operator").filter(business=business, mode="live")
    return list(rows.select_related("business", "corrects").order_by("period", "id"))


@pytest.fixture
def billed(kopi_kita, files, monkeypatch) -> Business:
    """Kopi Kita, whose September and October have fees; it is November."""
    monkeypatch.setattr(services.INVOICES, "wake", lambda: None)
    fill(kopi_kita)
    pay_fee(kopi_kita, "2026-09-20T10:00+07:00", 2_500)
    pay_fee(kopi_kita, "2026-09-30T23:59:59+07:00", 2_500)
    pay_fee(kopi_kita, "2026-10-01T00:00+07:00", 1_000, kind="ewallet")
    settle(kopi_kita, "2026-10-05T10:00+07:00", 200_000, 1_400)
    settle(kopi_kita, "2026-10-06T10:00+07:00", 300_000, 2_100)
    pay_fee(kopi_kita, "2026-10-31T10:00+07:00", 5_000, kind="va")
    return kopi_kita
