"""What another system's file of international transfers looks like."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from flipdash import world
from flipdash.tables import Field, account, choice, decimal, most
from transactions.importing import ENDED, MADE, NUMBERED, SENT, TransactionImport, amounts, check_ended
from transactions.models import InternationalEvent, InternationalTransfer, Purpose

PURPOSES = {
    Purpose.GOODS: ("Purchase of goods", "Goods", "Pembelian barang"),
    Purpose.SERVICES: ("Payment for services", "Services", "Pembayaran jasa"),
    Purpose.SALARY: ("Salary payment", "Salary", "Pembayaran gaji", "Gaji"),
    Purpose.EDUCATION: ("Education", "Pendidikan"),
    Purpose.TRAVEL: ("Travel", "Perjalanan"),
    Purpose.FAMILY_SUPPORT: ("Family support", "Nafkah keluarga", "Keluarga"),
    Purpose.OTHER: ("Something else", "Other", "Lainnya"),
}


def country(cell: str) -> str:
    """Return the two letters of a country, written as these or as its name in either language."""
    if code := world.find_country(cell):
        return code
    raise ValueError(_("is not known as a country; write its name or its two letters, like SG"))


def currency(cell: str) -> str:
    """Return the three letters of a currency."""
    if world.is_currency(code := cell.strip().upper()):
        return code
    raise ValueError(_("is not known as a currency; write its three letters, like SGD"))


class InternationalImport(TransactionImport):
    """Past international transfers."""

    name, title = "international-transfer", gettext_lazy("International Transfer")
    model, events, steps = InternationalTransfer, InternationalEvent, SENT
    sums_by, sums = ("status", "currency"), ("amount", "fee", "amount_received")

    fields = (
        NUMBERED,
        ENDED,
        Field(
            *("country", "Beneficiary Country", "Country", "Negara", "Negara Penerima", "Negara Tujuan"),
            clean=country,
            example="Singapore",
        ),
        Field("beneficiary_bank", "Beneficiary Bank", "Bank", "Bank Penerima", "Bank Tujuan", example="DBS"),
        Field("beneficiary_name", "Beneficiary Name", "Nama Penerima", "Penerima", example="Tan Wei Ling"),
        Field(
            *("account_number", "Account Number", "Nomor Rekening", "No. Rekening", "IBAN"),
            clean=account(most(InternationalTransfer, "account_number")),
            example="0123456789",
        ),
        *amounts("Amount Sent", "Amount", "Jumlah Dikirim", "Jumlah", "Nominal"),
        Field("currency", "Currency", "Mata Uang", clean=currency, example="SGD"),
        Field("amount_received", "Amount Received", "Jumlah Diterima", clean=decimal(places=3), example="104.50"),
        Field("rate", "Rate", "Exchange Rate", "Kurs", clean=decimal(places=4), required=False, empty=None),
        Field(
            *("purpose", "Purpose", "Tujuan", "Tujuan Pembayaran"),
            clean=choice(PURPOSES),
            required=False,
            empty=Purpose.OTHER,
            example="Salary",
        ),
        *MADE,
    )

    def check(self, values: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Check what cells say together: the decimals of a currency, the end after the beginning."""
        received, code = values.get("amount_received"), values.get("currency")
        if received is not None and code and not _fits(received, code):
            words = {"currency": code, "decimals": world.decimals_of(code)}
            yield "amount_received", _("has more decimals than %(currency)s has (%(decimals)d)") % words
        yield from check_ended(values, "completed_at")


def _fits(amount: Decimal, code: str) -> bool:
    return amount == world.in_currency(amount, code)
