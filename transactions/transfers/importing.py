"""What another system's file of money transfers looks like."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from flipdash.tables import Field, choice, digits, most, only_digits, text
from transactions import destinations
from transactions.importing import ENDED, MADE, NUMBERED, SENT, TransactionImport, amounts, check_ended
from transactions.models import MoneyTransfer, TransferEvent

KINDS = {
    destinations.Kind.BANK: ("Bank", "Bank Account", "Rekening Bank", "Rekening"),
    destinations.Kind.VA: ("VA", "Virtual Account", "Akun Virtual"),
    destinations.Kind.EWALLET: ("E-Wallet", "E Wallet", "EWallet", "Dompet Digital", "Dompet Elektronik"),
}
find_destination = lru_cache(maxsize=4096)(destinations.find)


class MoneyTransferImport(TransactionImport):
    """Past money transfers."""

    name, title = "money-transfer", gettext_lazy("Money Transfer")
    model, events, steps = MoneyTransfer, TransferEvent, SENT

    fields = (
        NUMBERED,
        ENDED,
        Field(
            *("destination_kind", "Destination Type", "Tipe Tujuan", "Jenis Tujuan"),
            clean=choice(KINDS),
            example="Bank",
        ),
        Field("bank", "Bank", "Bank Tujuan", "Bank/E-Wallet", "Destination", clean=str.strip, example="bca"),
        Field(
            *("account_number", "Account Number", "Nomor Rekening", "No. Rekening", "Rekening Tujuan"),
            clean=digits(most(MoneyTransfer, "account_number"), plus=True),
            example="0012345678",
        ),
        Field("beneficiary_name", "Beneficiary Name", "Nama Penerima", "Penerima", example="Siti Rahmawati"),
        *amounts("Amount", "Jumlah", "Nominal"),
        Field(
            *("remark", "Remark", "Remarks", "Keterangan", "Berita", "Catatan"),
            clean=text(most(MoneyTransfer, "remark"), lines=True),
            empty="",
            example="Invoice 0042",
        ),
        *MADE,
    )

    def check(self, values: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Check what cells say together: the bank and account of a kind, the end after the beginning."""
        yield from _check_bank(values)
        yield from _check_account(values)
        yield from check_ended(values, "completed_at")


def _check_bank(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    kind, word = values.get("destination_kind"), values.get("bank")
    if kind is None or word is None:
        return
    values["bank"] = find_destination(word, kind)
    if values["bank"] is None:
        yield "bank", _("is not known as a destination of the type %(kind)s") % {"kind": KINDS[kind][0]}


def _check_account(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    kind, account = values.get("destination_kind"), values.get("account_number")
    if kind is None or account is None:
        return
    if kind == destinations.Kind.EWALLET:
        values["account_number"] = account = re.sub(r"^\+?62", "0", account)
        if account.startswith("8"):
            yield "account_number", _("a spreadsheet has removed the first 0; export the column as text")
        elif not re.fullmatch(r"08[0-9]{7,14}", account):
            yield "account_number", _("is not a phone number, as an e-wallet has; write it as 0812…")
    if account.startswith("+"):
        yield "account_number", only_digits()
