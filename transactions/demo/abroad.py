"""The demo's transfers abroad on its living day, by the functions that people use: one has arrived, one with its
invoice is on its way, one was refused there, one was rejected here, and one waits, by now at a quote that has run out.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from flipdash.scope import Scope
from transactions.corridor_banks import BANKS
from transactions.demo.plans import SEED
from transactions.international import attachments, quotes, services
from transactions.international.quotes import Wanted
from transactions.international.services import INTERNATIONAL, Draft
from transactions.models import Corridor, InternationalTransfer, Purpose, Side, SourceOfFunds, Status
from transactions.outgoing import acts
from transactions.rails import simulator

INVOICE = b"Invoice INV-2026/118\nKopitiam Supplies Sdn Bhd\n12 cartons of cups  MYR 2,450.00\n"


@dataclass(frozen=True)
class Planned:
    """What the maker sends: how much arrives, to whom, and what an approver says; "" says nothing yet."""

    country: str
    kind: str
    received: str
    account_number: str
    name: str
    bank: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    decided: str = "approved"
    is_saved: bool = False
    with_invoice: bool = False


PLANNED = (
    Planned(
        *("SG", "B2B", "780.00", "0123456781", "Lion City Roasters Pte Ltd"),
        details={"bank_id": "DBSSSGSG", "city": "Singapore", "address": "8 Kaki Bukit Road 2"},
        is_saved=True,
    ),
    Planned(
        *("MY", "B2B", "2450.00", f"51401234{simulator.SILENT}", "Kopitiam Supplies Sdn Bhd"),
        details={
            **{"bank_id": "MBBEMYKL", "city": "Kuala Lumpur", "address": "100 Jalan Tun Perak"},
            "document_reference_number": "INV-2026/118",
        },
        is_saved=True,
        with_invoice=True,
    ),
    Planned(
        *("JP", "B2C", "64000", f"123{simulator.BLOCKED}", "Kenji Sato"),
        details={"bank_id": "BOTKJPJT", "branch_number": "001", "city": "Tokyo", "address": "1-1 Marunouchi"},
    ),
    Planned(
        *("AU", "B2B", "450.00", "12345678", "Melbourne Barista School Pty Ltd", "Westpac"),
        details={"bsb_number": "032000", "city": "Melbourne", "address": "55 Collins Street"},
        decided="rejected",
    ),
    Planned(
        *("DE", "B2B", "320.00", "DE89370400440532013000", "Röstmaschinen Müller GmbH", "Commerzbank"),
        details={"iban": "DE89370400440532013000", "city": "Köln", "address": "Domstraße 1"},
        decided="",
    ),
)


def write(maker: Scope, approver: Scope) -> list[InternationalTransfer]:
    """Make them, and decide on them; returns those that are on their way."""
    made = [_one(maker, approver, planned) for planned in PLANNED]
    return [transfer for transfer in made if transfer.status == Status.PROCESSING]


def _one(maker: Scope, approver: Scope, planned: Planned) -> InternationalTransfer:
    key = uuid.uuid5(uuid.NAMESPACE_OID, f"flipdash demo {SEED} abroad {planned.country}")
    transfer = services.made_before(maker, str(key)) or _make(maker, planned, key)
    if transfer.status == Status.PENDING_APPROVAL and planned.decided == "approved":
        if transfer.quote and not quotes.seconds_left(transfer.quote):  # of a run that was killed
            transfer = services.requote(approver, transfer.pk)
        seen = INTERNATIONAL.digest_of(approver, transfer)
        acts.approve(approver, INTERNATIONAL, transfer.pk, seen=seen, sure=True)
    elif transfer.status == Status.PENDING_APPROVAL and planned.decided == "rejected":
        acts.reject(approver, INTERNATIONAL, transfer.pk, note="Kursus ini sudah dibayar lewat kartu")
    transfer.refresh_from_db()
    return transfer


def _make(maker: Scope, planned: Planned, key: uuid.UUID) -> InternationalTransfer:
    corridor = Corridor.objects.get(country=planned.country)
    wanted = Wanted(corridor, planned.kind, str(Side.RECEIVED), Decimal(planned.received))
    bank_id = planned.details.get("bank_id", "")
    draft = Draft(
        wanted=wanted,
        account_number=planned.account_number,
        beneficiary_bank=BANKS[planned.country][bank_id] if bank_id else planned.bank,
        beneficiary_name=planned.name,
        purpose=str(Purpose.GOODS if planned.kind == "B2B" else Purpose.SERVICES),
        source_of_funds=str(SourceOfFunds.BUSINESS),
        details=planned.details,
        attachment=attachments.keep(maker, "invoice-118.txt", INVOICE) if planned.with_invoice else None,
        is_sure=True,
    )
    quote = quotes.ask(maker, wanted)
    return services.create(maker, draft, quote, made_key=key, saves=planned.is_saved).transfer
