"""How each bank writes its statements: the names of its columns, its dates, its sums (docs/top-ups.md).

Nothing is guessed: whatever isn't written as the layout says is a fault.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from deposits.banks import Bank
from flipdash.lines import without_marks
from flipdash.tables import Cleaner, Fault, Field, Kept, Layout, Number, Row
from flipdash.tables.reader.tables import plain

FIRST_DAY = date(2000, 1, 1)
MOST_DESCRIPTION = 500
"""Characters of a description, of several columns together."""
ACCOUNT_NAMES = ("No. Rekening", "Nomor Rekening", "NOREK", "AccountNo", "Account Number", "Acc No", "Acct No")
"""What banks call the account that a statement is of: a column, or a line above the table."""
ACCOUNT_ABOVE = re.compile(rf"(?:{'|'.join(map(plain, ACCOUNT_NAMES))})(?:(?P<number>[0-9]+)|$)")

SIGNS = {"cr": 1, "k": 1, "c": 1, "kr": 1, "db": -1, "d": -1, "dr": -1}
SUMS = {
    ".": re.compile(r"(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,15})(?:\.(?P<part>[0-9]{1,2}))?"),
    ",": re.compile(r"(?P<whole>[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]{1,15})(?:,(?P<part>[0-9]{1,2}))?"),
}


@dataclass(frozen=True)
class ParsedLine:
    """A line of a statement, read from its file."""

    booked_on: date
    amount: int
    description: str
    sender: str
    reference: str
    balance: int | None

    @property
    def values(self) -> tuple[date, int, str, str, str, int | None]:
        """The columns of the table, in the order of `ADD`."""
        return (self.booked_on, self.amount, self.description, self.sender, self.reference, self.balance)

    @property
    def content(self) -> str:
        """Everything printed, in one normal form."""
        words = (self.description, self.sender, self.reference)
        parts = (self.booked_on.isoformat(), self.amount, *(_normal(text) for text in words), self.balance)
        return "\x1f".join(str(part) for part in parts)

    def fingerprint(self, ordinal: int) -> str:
        """Return the line's own name: its content, and which of several identical ones of that day it is."""
        return hashlib.sha256(f"{self.content}\x1e{ordinal}".encode()).hexdigest()


def _normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


class Statement(Layout):
    """A bank's statement, a line a record.

    Its fields are `booked_on`, `description` (and `more` of it), `credit` with `debit` or else with `sign`, which says
    which way the one amount went; `reference` and `balance`; where there is one `sender`; and OWN_ACCOUNT.
    """

    bank: ClassVar[str]
    date_format: ClassVar[str] = "%d/%m/%Y"
    decimal: ClassVar[str] = "."

    most_records, most_faults = 200_000, 50
    needs_records = False
    is_even = False

    def __init__(self, today: date, own_account: str) -> None:
        self.own_account = own_account
        self.day = partial(day, style=self.date_format, today=today)
        self.sum = partial(rupiah, decimal=self.decimal)
        self.signed_sum = partial(signed_rupiah, decimal=self.decimal)
        super().__init__()

    @classmethod
    def lacking(cls, names: list[str]) -> list[tuple[str, str]]:
        """Name each column, since the operator has to ask the bank for it."""
        return [(name, _("this column is missing; the first line has to name the columns")) for name in names]

    @property
    def header_names(self) -> list[str]:
        """The names by which the header is found: not the account's, which may stand above it."""
        return [name for column in self.fields if column.name != "account" for name in column.headers]

    def fault_above(self, rows: list[Row]) -> Fault | None:
        """Return the fault of a line above the table, such as "No. rekening : 5440117703", of another account."""
        for row in rows:
            for place, cell in enumerate(row.cells):
                if found := ACCOUNT_ABOVE.match(plain(cell)):
                    others = (other for other in row.cells[place + 1 :] if re.search("[0-9]", other))
                    said = found["number"] or next(others, "")
                    try:
                        self.account(said)
                    except ValueError as problem:
                        return Fault(row.number, row.line, "", str(problem), said)
        return None

    def account(self, cell: str) -> None:
        """Check that an account that is named is the operator's at this bank."""
        named = re.sub("[^0-9]", "", cell)
        # What a spreadsheet holds as a number has lost the zeros in front.
        own = self.own_account.lstrip("0") if isinstance(cell, Number) else self.own_account
        if cell.strip() and named != own:
            words = _("this names account %s, which isn’t the operator’s at this bank")
            raise ValueError(words % (named or cell.strip()[:50]))

    def check(self, values: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Check that money went in or out."""
        if len(values) == len(self.fields) and bool(values["credit"]) == bool(values.get("debit")):
            yield "credit", _("this line has to say one sum, in or out")

    def record(self, values: dict[str, Any]) -> ParsedLine:
        words = filter(None, (values["description"], values.get("more")))
        return ParsedLine(
            booked_on=values["booked_on"],
            amount=values.get("sign", 1) * values["credit"] - values.get("debit", 0),
            description=" ".join(words)[:MOST_DESCRIPTION],
            sender=values.get("sender", ""),
            reference=values["reference"],
            balance=values["balance"],
        )


# --- Cells -----------------------------------------------------------------------------------------------------------


def day(cell: str, *, style: str, today: date) -> date:
    """Return a day written in one style, no later than tomorrow."""
    text, example = cell.strip(), datetime(2026, 11, 30, tzinfo=UTC).strftime(style)
    try:
        if not text.isascii():
            raise ValueError
        found = datetime.strptime(text, style).date()  # noqa: DTZ007  (a day, without a time)
        if found.strftime(style) != text:
            raise ValueError
    except ValueError:
        raise ValueError(_("this is no date as this bank writes it, such as %s") % example) from None
    if not FIRST_DAY <= found <= today + timedelta(days=1):
        raise ValueError(_("this date is in the future, or long past"))
    return found


def rupiah(cell: str, *, decimal: str) -> int:
    """Return whole rupiah."""
    found = SUMS[decimal].fullmatch(cell.strip())
    if not found:
        example = "5,000,417.00" if decimal == "." else "5.000.417,00"
        raise ValueError(_("this is no sum as this bank writes it, such as %s") % example)
    if int(found["part"] or 0):
        raise ValueError(_("rupiah have no decimals"))
    whole = int(re.sub(r"[.,]", "", found["whole"]))
    if whole > 10**15:
        raise ValueError(_("this sum is too large"))
    return whole


def signed_rupiah(cell: str, *, decimal: str) -> int:
    """Return whole rupiah, less than zero after a minus."""
    text = cell.strip()
    return -rupiah(text[1:], decimal=decimal) if text.startswith("-") else rupiah(text, decimal=decimal)


def sign(cell: str) -> int:
    """Return 1 for money in, -1 for money out."""
    try:
        return SIGNS[cell.strip().casefold()]
    except KeyError:
        raise ValueError(_("this has to be CR or K for money in, DB or D for money out")) from None


def words(most: int) -> Cleaner:
    """Return a cleaner for a text on one line of at most so many characters.

    More lenient than flipdash.lines.clean_line: what a bank printed can't be typed again, so marks of format are left
    out of it. Control characters show that the file is damaged.
    """

    def clean(cell: str) -> str:
        printed = without_marks(cell)
        if any(unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\t\n\r" for letter in printed):
            raise ValueError(_("holds control characters"))
        line = " ".join(printed.split())
        if len(line) > most:
            raise ValueError(_("is longer than %d characters") % most)
        return line

    return clean


# --- The banks -------------------------------------------------------------------------------------------------------


DAY, SUM, BALANCE = Kept("day"), Kept("sum"), Kept("signed_sum")
DESCRIPTION, SENDER, REFERENCE = words(MOST_DESCRIPTION), words(100), words(64)
OWN_ACCOUNT = Field("account", *ACCOUNT_NAMES, clean=Kept("account"), required=False, empty=None)
"""Whose statement it is, where the file has a column for it."""


class Bca(Statement):
    """Statements of BCA."""

    bank = Bank.BCA
    fields = (
        Field("booked_on", "Tanggal", clean=DAY),
        Field("description", "Keterangan", clean=DESCRIPTION, empty=""),
        Field("credit", "Jumlah", clean=SUM, empty=0),
        Field("sign", "D/K", clean=sign),
        Field("sender", "Pengirim", clean=SENDER, empty=""),
        Field("reference", "No. Referensi", clean=REFERENCE, empty=""),
        Field("balance", "Saldo", clean=BALANCE, empty=None),
        OWN_ACCOUNT,
    )


class Mandiri(Statement):
    """Statements of Mandiri."""

    bank = Bank.MANDIRI
    fields = (
        Field("booked_on", "Posting Date", clean=DAY),
        Field("description", "Remark", clean=DESCRIPTION, empty=""),
        Field("more", "Additional Desc", clean=DESCRIPTION, empty=""),
        Field("credit", "Credit Amount", clean=SUM, empty=0),
        Field("debit", "Debit Amount", clean=SUM, empty=0),
        Field("reference", "Reference No", clean=REFERENCE, empty=""),
        Field("balance", "Close Balance", clean=BALANCE, empty=None),
        OWN_ACCOUNT,
    )


class Bri(Statement):
    """Statements of BRI."""

    bank, date_format = Bank.BRI, "%Y-%m-%d"
    fields = (
        Field("booked_on", "TGL_TRAN", clean=DAY),
        Field("description", "DESK_TRAN", clean=DESCRIPTION, empty=""),
        Field("credit", "MUTASI_KREDIT", clean=SUM, empty=0),
        Field("debit", "MUTASI_DEBET", clean=SUM, empty=0),
        Field("reference", "NO_REF", clean=REFERENCE, empty=""),
        Field("balance", "SALDO_AKHIR_MUTASI", clean=BALANCE, empty=None),
        OWN_ACCOUNT,
    )


class Bni(Statement):
    """Statements of BNI."""

    bank, date_format, decimal = Bank.BNI, "%d-%m-%Y", ","
    fields = (
        Field("booked_on", "Post Date", clean=DAY),
        Field("description", "Description", clean=DESCRIPTION, empty=""),
        Field("credit", "Amount", clean=SUM, empty=0),
        Field("sign", "Db/Cr", clean=sign),
        Field("reference", "Journal No.", clean=REFERENCE, empty=""),
        Field("balance", "Balance", clean=BALANCE, empty=None),
        OWN_ACCOUNT,
    )


class Permata(Statement):
    """Statements of Permata."""

    bank, date_format, decimal = Bank.PERMATA, "%d-%m-%Y", ","
    fields = (
        Field("booked_on", "Tanggal Transaksi", clean=DAY),
        Field("description", "Deskripsi", clean=DESCRIPTION, empty=""),
        Field("credit", "Kredit", clean=SUM, empty=0),
        Field("debit", "Debet", clean=SUM, empty=0),
        Field("sender", "Nama Pengirim", clean=SENDER, empty=""),
        Field("reference", "Nomor Referensi", clean=REFERENCE, empty=""),
        Field("balance", "Saldo", clean=BALANCE, empty=None),
        OWN_ACCOUNT,
    )


class Cimb(Statement):
    """Statements of CIMB Niaga."""

    bank = Bank.CIMB
    fields = (
        Field("booked_on", "Transaction Date", clean=DAY),
        Field("description", "Transaction Description", clean=DESCRIPTION, empty=""),
        Field("credit", "Credit", clean=SUM, empty=0),
        Field("debit", "Debit", clean=SUM, empty=0),
        Field("reference", "Ref. No.", clean=REFERENCE, empty=""),
        Field("balance", "Running Balance", clean=BALANCE, empty=None),
        OWN_ACCOUNT,
    )


LAYOUTS: dict[str, type[Statement]] = {str(layout.bank): layout for layout in (Bca, Mandiri, Bri, Bni, Permata, Cimb)}
"""By our code for the bank. Files are UTF-8, or UTF-16 with a byte order mark; comma, semicolon or tab."""
