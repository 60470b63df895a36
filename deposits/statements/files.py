"""What is in a bank's statement: a .csv (or workbook) becomes lines, or faults (docs/top-ups.md).

What a bank calls its columns, and how it writes dates and sums, stands in one table. Nothing is guessed: whatever
isn't written as the table says is a fault that names its line and column, and then nothing of the file is imported.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from flipdash.lines import without_marks
from flipdash.tables.reader.tables import Number, Row, plain
from flipdash.tables.reading import Unreadable, read_file, weigh

JAKARTA = ZoneInfo("Asia/Jakarta")
"""The zone in which the banks count their days."""
MOST_LINES = 200_000
MOST_FAULTS = 50
FIRST_DAY = date(2000, 1, 1)


@dataclass(frozen=True)
class Format:
    """How one bank writes its statements: the names of its columns, its dates, and its decimal sign."""

    date: str
    description: tuple[str, ...]
    """The columns that together are the description."""
    credit: str
    debit: str = ""
    """Its own column; or empty, where `sign` says which way the one amount went."""
    sign: str = ""
    sender: str = ""
    reference: str = ""
    balance: str = ""
    date_format: str = "%d/%m/%Y"
    decimal: str = "."

    @property
    def columns(self) -> list[str]:
        """All the columns that are read, each once."""
        named = (self.date, *self.description, self.credit, self.debit, self.sign)
        return list(dict.fromkeys(name for name in (*named, self.sender, self.reference, self.balance) if name))


FORMATS = {
    "bca": Format(
        date="Tanggal",
        description=("Keterangan",),
        credit="Jumlah",
        sign="D/K",
        sender="Pengirim",
        reference="No. Referensi",
        balance="Saldo",
        decimal=".",
    ),
    "mandiri": Format(
        date="Posting Date",
        description=("Remark", "Additional Desc"),
        credit="Credit Amount",
        debit="Debit Amount",
        reference="Reference No",
        balance="Close Balance",
        decimal=".",
    ),
    "bri": Format(
        date="TGL_TRAN",
        description=("DESK_TRAN",),
        credit="MUTASI_KREDIT",
        debit="MUTASI_DEBET",
        reference="NO_REF",
        balance="SALDO_AKHIR_MUTASI",
        date_format="%Y-%m-%d",
        decimal=".",
    ),
    "bni": Format(
        date="Post Date",
        description=("Description",),
        credit="Amount",
        sign="Db/Cr",
        reference="Journal No.",
        balance="Balance",
        date_format="%d-%m-%Y",
        decimal=",",
    ),
    "permata": Format(
        date="Tanggal Transaksi",
        description=("Deskripsi",),
        credit="Kredit",
        debit="Debet",
        sender="Nama Pengirim",
        reference="Nomor Referensi",
        balance="Saldo",
        date_format="%d-%m-%Y",
        decimal=",",
    ),
    "cimb": Format(
        date="Transaction Date",
        description=("Transaction Description",),
        credit="Credit",
        debit="Debit",
        reference="Ref. No.",
        balance="Running Balance",
        decimal=".",
    ),
}
"""By our code for the bank. Files are UTF-8, or UTF-16 with a byte order mark; comma, semicolon or tab."""

ACCOUNT_NAMES = ("norekening", "nomorrekening", "norek", "accountno", "accountnumber", "accno", "acctno")
"""What banks call the account that a statement is of, as `plain` writes it: a column, or a line above the table."""
ACCOUNT_ABOVE = re.compile(rf"(?:{'|'.join(ACCOUNT_NAMES)})(?:(?P<number>[0-9]+)|$)")

SIGNS = {"cr": 1, "k": 1, "c": 1, "kr": 1, "db": -1, "d": -1, "dr": -1}
SUMS = {
    ".": re.compile(r"(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,15})(?:\.(?P<part>[0-9]{1,2}))?"),
    ",": re.compile(r"(?P<whole>[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]{1,15})(?:,(?P<part>[0-9]{1,2}))?"),
}


@dataclass(frozen=True)
class Fault:
    """What is wrong in a file: the line as an editor counts it, the column by its name (empty: the whole line)."""

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        words = _("Line %(line)d, column %(column)s: %(reason)s.") if self.column else _("Line %(line)d: %(reason)s.")
        return words % {"line": self.line, "column": self.column, "reason": self.reason}


class Refused(Exception):
    """The file can't be imported; `faults` says why. Nothing of it was."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


class Wrong(ValueError):
    """One cell isn't written as it has to be."""


@dataclass(frozen=True)
class Printed:
    """A line as the bank printed it."""

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


def read(stream: BinaryIO, bank: str, *, today: date, account: str) -> Iterator[Printed]:
    """Yield the lines of a statement one by one, of the operator's `account` at that bank ("": there is none).

    Raises Refused at the end of a file with faults, or at once when it is no table, lacks a column, names another
    account, or has more than 200,000 lines.
    """
    form = FORMATS[bank]
    faults: list[Fault] = []
    try:
        weigh(stream)
        stream.seek(0)
        rows = read_file(stream, form.columns)
        try:
            header = next(rows, None)
            _check_above(rows.above, account)
            names = header.cells if header else []
            places = _places(form, names)
            accounts = [place for place, name in enumerate(names) if plain(name) in ACCOUNT_NAMES]
            for count, row in enumerate(rows, 1):
                if count > MOST_LINES:
                    reason = _("there are more than %d lines; import the statement in several files") % MOST_LINES
                    raise Refused([Fault(row.line, "", reason)])
                if not any(cell.strip() for cell in row.cells):
                    continue
                for place in accounts:
                    said = row.cells[place] if place < len(row.cells) else ""
                    _check_account(row.line, names[place], said, account)
                printed = _printed(form, places, row.line, row.cells, today, faults)
                if len(faults) >= MOST_FAULTS:
                    raise Refused(faults)
                if printed and not faults:
                    yield printed
        finally:
            rows.close()
    except Unreadable as problem:
        fault = problem.fault
        raise Refused([*faults, Fault(fault.line, fault.column, fault.reason)]) from problem
    if faults:
        raise Refused(faults)


def _check_above(above: list[Row], account: str) -> None:
    """Raise Refused when a line above the table, such as "No. rekening : 5440117703", names another account."""
    for row in above:
        for place, cell in enumerate(row.cells):
            if found := ACCOUNT_ABOVE.match(plain(cell)):
                others = (other for other in row.cells[place + 1 :] if re.search("[0-9]", other))
                _check_account(row.line, "", found["number"] or next(others, ""), account)


def _check_account(line: int, column: str, said: str, account: str) -> None:
    """Raise Refused when what is said is another account; nothing said is none."""
    named = re.sub("[^0-9]", "", said)
    # What a spreadsheet holds as a number has lost the zeros in front.
    own = account.lstrip("0") if isinstance(said, Number) else account
    if said.strip() and named != own:
        reason = _("this names account %s, which isn’t the operator’s at this bank") % (named or said.strip()[:50])
        raise Refused([Fault(line, column, reason)])


def _places(form: Format, header: list[str]) -> dict[str, int]:
    names = [plain(name) for name in header]
    missing = [name for name in form.columns if plain(name) not in names]
    twice = [name for name in form.columns if names.count(plain(name)) > 1]
    faults = [Fault(1, name, _("this column is missing; the first line has to name the columns")) for name in missing]
    faults += [Fault(1, name, _("this column is there twice")) for name in twice]
    if faults:
        raise Refused(faults)
    return {name: names.index(plain(name)) for name in form.columns}


def _printed(
    form: Format, places: dict[str, int], line: int, cells: list[str], today: date, faults: list[Fault]
) -> Printed | None:
    """Return what a line says, or note what is wrong in it."""
    before = len(faults)

    def cell(column: str) -> str:
        place = places.get(column, -1)
        return cells[place].strip() if 0 <= place < len(cells) else ""

    def said(column: str, reader: Any, *more: Any) -> Any:
        try:
            return reader(cell(column), *more)
        except Wrong as problem:
            faults.append(Fault(line, column, str(problem)))
            return None

    if len(cells) > 0 and len(cells) < max(places.values()) + 1:
        faults.append(Fault(line, "", _("this line has fewer cells than the first one")))
        return None
    booked_on = said(form.date, _day, form.date_format, today)
    credit = said(form.credit, _sum, form.decimal)
    debit = said(form.debit, _sum, form.decimal) if form.debit else 0
    sign = said(form.sign, _sign) if form.sign else 1
    balance = said(form.balance, _balance, form.decimal) if form.balance else None
    description = " ".join(filter(None, (said(name, _text, 500) for name in form.description)))
    sender = said(form.sender, _text, 100) if form.sender else ""
    reference = said(form.reference, _text, 64) if form.reference else ""
    if len(faults) == before and bool(credit) == bool(debit):
        faults.append(Fault(line, form.credit, _("this line has to say one sum, in or out")))
    if len(faults) > before:
        return None
    return Printed(booked_on, sign * credit - debit, description[:500], sender, reference, balance)


def _day(text: str, style: str, today: date) -> date:
    example = datetime(2026, 11, 30, tzinfo=UTC).strftime(style)
    try:
        if not text.isascii():
            raise ValueError
        day = datetime.strptime(text, style).date()  # noqa: DTZ007  (a day, without a time)
        if day.strftime(style) != text:
            raise ValueError
    except ValueError:
        raise Wrong(_("this is no date as this bank writes it, such as %s") % example) from None
    if not FIRST_DAY <= day <= today + timedelta(days=1):
        raise Wrong(_("this date is in the future, or long past"))
    return day


def _sum(text: str, decimal: str) -> int:
    """Return whole rupiah; an empty cell is 0."""
    if not text:
        return 0
    found = SUMS[decimal].fullmatch(text)
    if not found:
        example = "5,000,417.00" if decimal == "." else "5.000.417,00"
        raise Wrong(_("this is no sum as this bank writes it, such as %s") % example)
    if int(found["part"] or 0):
        raise Wrong(_("rupiah have no decimals"))
    whole = int(re.sub(r"[.,]", "", found["whole"]))
    if whole > 10**15:
        raise Wrong(_("this sum is too large"))
    return whole


def _balance(text: str, decimal: str) -> int | None:
    if not text:
        return None
    return -_sum(text[1:], decimal) if text.startswith("-") else _sum(text, decimal)


def _sign(text: str) -> int:
    try:
        return SIGNS[text.casefold()]
    except KeyError:
        raise Wrong(_("this has to be CR or K for money in, DB or D for money out")) from None


def _text(text: str, most: int) -> str:
    """Return a text on one line. What a bank printed can't be typed again, so marks of format are left out of it;
    control characters show that the file is damaged."""
    printed = without_marks(text)
    if any(unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\t\n\r" for letter in printed):
        raise Wrong(_("holds control characters"))
    normal = " ".join(printed.split())
    if len(normal) > most:
        raise Wrong(_("is longer than %d characters") % most)
    return normal


def _normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
