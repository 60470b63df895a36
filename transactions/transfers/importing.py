"""What another system's file of money transfers looks like."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from flipdash.tables import REQUIRED, Field, choice, digits, most, only_digits, text
from transactions import destinations
from transactions.importing import ENDED, MADE, NUMBERED, SENT, TransactionImport, amounts, check_ended
from transactions.models import MoneyTransfer, TransferEvent

KINDS = {
    destinations.Kind.BANK: ("Bank", "Bank Account", "Rekening Bank", "Rekening"),
    destinations.Kind.VA: ("VA", "Virtual Account", "Akun Virtual"),
    destinations.Kind.EWALLET: ("E-Wallet", "E Wallet", "EWallet", "Dompet Digital", "Dompet Elektronik"),
}
read_kind = choice(KINDS)
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
            clean=read_kind,
            required=False,  # "Transfer Destination" says both: BCA (Bank)
            example="Bank",
        ),
        Field(
            *("bank", "Bank", "Bank Tujuan", "Bank/E-Wallet", "Destination", "Transfer Destination", "Tujuan Transfer"),
            clean=str.strip,
            example="bca",
        ),
        Field(
            *("account_number", "Account Number", "Nomor Rekening", "No. Rekening", "Rekening Tujuan"),
            clean=digits(most(MoneyTransfer, "account_number"), plus=True),
            example="0012345678",
        ),
        Field(
            *("beneficiary_name", "Beneficiary Name", "Nama Penerima", "Penerima"),
            example="Siti Rahmawati",
            fixed=("-",),  # Flip's own table has no names
        ),
        *amounts("Amount", "Jumlah", "Nominal"),
        Field(
            *("remark", "Remark", "Remarks", "Keterangan", "Berita", "Catatan"),
            clean=text(most(MoneyTransfer, "remark"), lines=True),
            empty="",
            example="Invoice 0042",
        ),
        *MADE,
    )

    @classmethod
    def label(cls, name: str, value: Any) -> str | None:
        """Return what people call a bank or an e-wallet."""
        return destinations.NAMES.get(value) if name == "bank" else None

    def check(self, values: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Check what cells say together: the bank and account of a kind, the end after the beginning."""
        yield from _check_bank(values)
        yield from _check_account(values)
        yield from check_ended(values, "completed_at")


def _check_bank(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    kind, word = values.get("destination_kind"), values.get("bank")
    if kind is None or word is None:
        return
    if kind is REQUIRED:  # the file has no column for it
        word, kind = _destination(word)
        if kind is None:
            yield "bank", _("doesn’t say what the account is; write %(name)s (Bank) or %(name)s (VA)") % {"name": word}
            return
        values["destination_kind"] = kind
    values["bank"] = find_destination(word, kind)
    if values["bank"] is None:
        yield "bank", _("is not known as a destination of the type %(kind)s") % {"kind": KINDS[kind][0]}


def _destination(cell: str) -> tuple[str, destinations.Kind | None]:
    """Return the destination that a table shows, and its kind: "BNI (VA)", "GoPay", "BCA"; None where two are possible.

    Only where no account of another kind could be meant does the name alone say it.
    """
    if named := re.fullmatch(r"(.+?)\s*\(([^()]+)\)", cell):
        try:
            return named[1], destinations.Kind(read_kind(named[2]))
        except ValueError:
            pass  # BSI (Bank Syariah Indonesia)
    possible = [kind for kind in destinations.Kind if find_destination(cell, kind)]
    if not possible:
        return cell, destinations.Kind.BANK  # which is then said to be unknown
    return cell, possible[0] if len(possible) == 1 else None


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
