"""The demo's refunds: a few payments that people give back on its living day, by the functions that people use.

One is of a payment that was made on that day, and of more than the deposit has: it waits until tomorrow's settlement.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from accounts.permissions import Role
from deposits import ledger
from flipdash.scope import Scope
from transactions.demo.author import Payee, staff, suppliers
from transactions.demo.plans import SEED
from transactions.models import Payment, PaymentLink, PaymentStatus, Refund, RefundStatus
from transactions.outgoing import acts
from transactions.payments import charges, links, paying
from transactions.payments.charges import CHARGES
from transactions.rails import simulated_charges as simulator
from transactions.refunds import services
from transactions.refunds.services import REFUNDS, Draft
from transactions.transfers.services import Draft as To

LEAST = 100_000
"""Rupiah of the payments that are looked through."""
ELSEWHERE = "Rekening lain milik pembayar; sudah dicek lewat telepon"
"""Why one goes to another account than it was paid from, where it does."""
FESTIVAL = "Katering festival kampus, 4.000 porsi"
STEP, BEYOND = 10_000_000, 2
"""The festival is paid in whole steps of so many rupiah, and by so many of them more than the deposit has."""


@dataclass(frozen=True)
class Planned:
    """What somebody asks for: a share of a payment, and what an approver says; "" says nothing yet."""

    by: Role
    percent: int
    cause: str
    decided: str = "approved"
    ending: int = 0
    """What the amount ends with, for the simulated bank."""


PLANNED = (
    Planned(Role.CUSTOMER_SERVICE, 100, "Kelas dibatalkan"),
    Planned(Role.EXECUTOR, 50, "Setengah pesanan tidak dikirim"),
    Planned(Role.CUSTOMER_SERVICE, 30, "Biji kopi rusak di jalan", decided=""),
    Planned(Role.DEPOSIT_ADMIN, 60, "Dobel bayar", ending=902),
    Planned(Role.CUSTOMER_SERVICE, 40, "Pelanggan berubah pikiran", decided="rejected"),
)


def write(by_role: Mapping[str, Scope]) -> list[Refund]:
    """Ask for them, and decide on them; returns those that are on their way."""
    approver = by_role[Role.APPROVER]
    paid = Payment.objects.visible_to(approver).filter(status=PaymentStatus.SUCCESSFUL, amount__gte=LEAST)
    newest = paid.exclude(title=FESTIVAL).order_by("-created_at", "-pk")[: len(PLANNED)]
    made = [
        _one(by_role, payment, planned, payer)
        for payment, planned, payer in zip(newest, PLANNED, staff()[100:], strict=False)
        if planned.by in by_role
    ]
    if (large := _festival(by_role[Role.MAKER])) is not None and Role.CUSTOMER_SERVICE in by_role:
        _one(by_role, large, Planned(Role.CUSTOMER_SERVICE, 100, "Festival ditunda karena cuaca"), suppliers()[18])
    return [refund for refund in made if refund.status == RefundStatus.PROCESSING]


def _one(by_role: Mapping[str, Scope], payment: Payment, planned: Planned, payer: Payee) -> Refund:
    scope, approver = by_role[planned.by], by_role[Role.APPROVER]
    amount = max(payment.amount * planned.percent // 100 // 1_000 * 1_000, 10_000)
    if planned.ending:
        amount = amount - 1_000 + planned.ending
    name = payment.sender_name
    to = To(payer.kind, payer.bank, payer.account_number, amount, name, name.upper(), ELSEWHERE, is_sure=True)
    key = _key(f"refund {planned.cause}")
    refund = services.request(scope, Draft(payment, to, planned.cause), made_key=key).refund
    if refund.status == RefundStatus.PENDING_APPROVAL and planned.decided == "approved":
        seen = REFUNDS.digest_of(approver, refund)
        acts.approve(approver, REFUNDS, refund.pk, seen=seen, sure=True)
    elif refund.status == RefundStatus.PENDING_APPROVAL and planned.decided == "rejected":
        acts.reject(approver, REFUNDS, refund.pk, note="Lewat 7 hari sejak pembayaran")
    refund.refresh_from_db()
    return refund


def _festival(maker: Scope) -> Payment | None:
    """Make a link, and let somebody pay at it; None where a worker is still telling the rail."""
    amount = (ledger.balance(maker).available // STEP + 1 + BEYOND) * STEP
    asked = links.Draft(FESTIVAL, amount, None, PaymentLink.Bearer.BUSINESS, False, False, "")
    link, _is_new = links.create(maker, asked, uses=PaymentLink.Uses.ONE, made_key=_key("festival link"))
    if (paid := link.payments.filter(status=PaymentStatus.SUCCESSFUL).first()) is not None:
        return paid
    draft = paying.Draft("mandiri", None, "BEM Universitas Braga")
    payment = paying.start(link, draft, made_key=_key("festival paid"), address="", language="id")
    CHARGES.work(payment.charge.pk)
    try:
        simulator.pay(charges.key_of(payment))
    except simulator.NotTold:
        return None
    payment.refresh_from_db()
    return payment


def _key(name: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_OID, f"flipdash demo {SEED} {name}")
