"""Transfers abroad in tests: what is typed for some corridors, the way through the form, and quotes that ran out."""

import html
import re
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from flipdash import rls
from transactions.models import InternationalTransfer, Quote

CREATE = "/international-transfers/create/"
PDF = b"%PDF-1.7\nAn invoice\n%%EOF"
SENDER = {
    "sender_name": "Ratna Dewi",
    "sender_country": "ID",
    "sender_place_of_birth": "Bandung",
    "sender_date_of_birth": "1988-02-29",
    "sender_address": "Jl. Braga 1",
    "sender_city": "Bandung",
    "sender_identity_type": "passport",
    "sender_identity_number": "C1234567",
    "sender_job": "Barista",
    "sender_email": "ratna@example.test",
    "sender_phone_number": "0812 3456 7890",
}
TYPED: dict[str, dict[str, str]] = {
    "GB B2B": {
        "beneficiary_bank": "Barclays",
        "account_number": "0123 4567",
        "sort_code": "20-00-00",
        "beneficiary_name": "London Tea & Coffee Ltd",
        "city": "London",
        "address": "1 Mincing Lane",
        "side": "received",
        "amount": "1,250.50",
        "purpose": "goods",
        "source_of_funds": "business",
        "internal_reference": "PO-GB",
    },
    "JP C2C": {
        "beneficiary_bank": "MUFG Bank",
        "account_number": "1234567",
        "swift_bic_code": "BOTKJPJT",
        "branch_number": "001",
        "beneficiary_name": "株式会社コーヒー道具",
        "nationality": "JP",
        "province": "Tokyo",
        "city": "Chiyoda",
        "address": "1-1 Marunouchi",
        "relationship": "FRIEND",
        "side": "sent",
        "amount": "10.000.000",
        "purpose": "family_support",
        "source_of_funds": "savings",
        **SENDER,
    },
    "MY B2B": {
        "bank_id": "MBBEMYKL",
        "account_number": "514012345678",
        "document_reference_number": "INV-2026/11",
        "beneficiary_name": "Kopitiam Supplies Sdn Bhd",
        "city": "Kuala Lumpur",
        "address": "100 Jalan Tun Perak",
        "side": "received",
        "amount": "2500.00",
        "purpose": "goods",
        "source_of_funds": "business",
    },
    "DE B2B": {
        "beneficiary_bank": "Commerzbank",
        "account_number": "DE89 3704 0044 0532 0130 00",
        "beneficiary_name": "Röstmaschinen Müller GmbH",
        "city": "Köln",
        "address": "Domstraße 1",
        "side": "received",
        "amount": "900",
        "purpose": "goods",
        "source_of_funds": "business",
    },
}
"""What is typed of a transfer by a corridor, by its country and kind."""
TYPED["MY C2C"] = {
    **{name: value for name, value in TYPED["JP C2C"].items() if name != "branch_number"},
    **{"swift_bic_code": "MBBEMYKL", "account_number": "514012345678", "nationality": "MY"},
    **{"id_number": "850412105566", "amount": "10.000.000"},
}


def address(corridor: str) -> str:
    country, kind = corridor.split()
    return f"{CREATE}?country={country}&kind={kind}"


def unseen(page: Any) -> dict[str, str]:
    """The hidden fields of a page's forms."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.content.decode())
    return {name: html.unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}


def text_of(page: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html.unescape(page.content.decode())).split())


def begin(web: Client, corridor: str, **typed: Any) -> Any:
    """Fill in the form of a corridor, and ask for the rate; `is_sure` is said of the duplicates that are shown."""
    key = unseen(web.get(address(corridor)))["made_key"]
    filled = {**TYPED[corridor], "made_key": key, "step": "check", **typed}
    if filled.pop("is_sure", ""):
        shown = unseen(web.post(address(corridor), filled))
        filled |= {"is_sure": "on", "twins_seen": shown.get("twins_seen", "")}
    return web.post(address(corridor), filled)


def finish(web: Client, corridor: str, page: Any, **more: Any) -> Any:
    return web.post(address(corridor), {**unseen(page), "step": "create", **more})


def run_out(quote: Quote) -> Quote:
    """Return the same quote as one that ran out an hour ago: a quote itself never changes."""
    at = timezone.now() - timedelta(hours=1)
    values = {field.attname: getattr(quote, field.attname) for field in Quote._meta.concrete_fields}
    values |= {"id": None, "created_at": at - timedelta(minutes=2), "expires_at": at}
    with rls.inside_of(quote.business_id, quote.mode):
        return Quote.objects.create(**values)


def let_it_run_out(transfer: InternationalTransfer) -> None:
    """Let a waiting transfer have the same quote, which ran out; it was made while that held."""
    quote = run_out(transfer.quote)
    row = {field.attname: getattr(transfer, field.attname) for field in InternationalTransfer._meta.concrete_fields}
    made = {"quote_id": quote.pk, "created_at": quote.created_at + timedelta(minutes=1), "made_key": None}
    del row["id"]
    InternationalTransfer.objects.filter(pk=transfer.pk).update(status="cancelled")
    again = InternationalTransfer.objects.create(**row | made | {"attachment_id": None})
    transfer.pk = again.pk
    transfer.refresh_from_db()
