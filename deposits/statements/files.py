"""What is in a bank's statement: a table or an MT940 becomes lines, or faults (docs/top-ups.md).

The header row says which layout it is; a file with any fault is refused whole.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import BinaryIO
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from deposits import banks
from deposits.statements import mt940
from deposits.statements.accounts import check_account
from deposits.statements.declaration import Declaration, fitting
from deposits.statements.lines import MOST_FAULTS, MOST_LINES, ParsedLine, Reader, Refused, Said, in_words
from deposits.statements.shipped import DECLARATIONS, MT940, MT940_SENDERS
from deposits.statements.tables import MOST_SKIPPED, TableStatement, decimal_of
from flipdash.tables import Fault, FileRows, Row, Unreadable, read_statement, shown

__all__ = ["JAKARTA", "ParsedLine", "Refused", "Said", "Statement", "in_words", "open_statement"]

JAKARTA = ZoneInfo("Asia/Jakarta")
"""The zone in which the banks count their days."""
ROWS_ABOVE = 30


@dataclass
class Statement:
    """One file whose layout is known: its lines, to be taken once, and what it says when they were."""

    bank: str
    layout: str
    """The declaration's key."""
    channel: str
    account: str
    """The operator's at this bank."""
    reader: Reader
    declaration: Declaration | None = None
    faults: list[Fault] = field(default_factory=list)

    @property
    def said(self) -> Said:
        return self.reader.said

    @property
    def names_account(self) -> bool:
        """Whether the file itself says whose it is; known for sure when all lines were taken."""
        return not isinstance(self.reader, TableStatement) or self.reader.names_account

    def lines(self) -> Iterator[ParsedLine]:
        """Yield the lines one by one, as long as there is no fault; raises Refused at the end of a file with faults."""
        try:
            yield from self.reader.lines()
        except Unreadable as problem:
            raise Refused([problem.fault]) from problem
        if self.reader.faults:
            raise Refused(self.reader.faults[:MOST_FAULTS])


@contextmanager
def open_statement(
    stream: BinaryIO,
    bank: str,
    *,
    today: date,
    accounts: Mapping[str, str],
    stored: Sequence[Declaration] = (),
) -> Iterator[Statement]:
    """Find the layout of a statement, of a bank or ("") of the one that the file says itself.

    `accounts` are the operator's by their banks, `stored` the layouts that were declared by hand. Raises Refused when
    it is no table, has another bank's header, none or two that are known, or names another account above the table.
    """
    declarations = (*DECLARATIONS, *stored)
    try:
        decimal = _decimal_by_file(stream, bank, declarations)
        rows = _rows_of(stream, declarations)
        try:
            first = next(rows, None)
            if first is None:
                raise Refused([Fault(1, 1, "", _("the file is empty"))])
            if len(first.cells) == 1 and mt940.BEGINS.match(first.cells[0].lstrip("\ufeff")):
                yield _swift(first, rows, bank, accounts, today)
            else:
                yield _table(first, rows, bank, accounts, today, declarations, decimal)
        finally:
            rows.close()
    except Unreadable as problem:
        raise Refused([problem.fault]) from problem


def _rows_of(stream: BinaryIO, declarations: Sequence[Declaration]) -> FileRows:
    stream.seek(0)
    return read_statement(stream, [name for layout in declarations for name in layout.spellings])


def _header_in(
    first: Row, rows: FileRows, declarations: Sequence[Declaration]
) -> tuple[list[Row], Row, list[Declaration]]:
    """Return what stands above the header, the header, and the layouts that have it: none where none was found."""
    kind = "text" if rows.separator else "workbook"
    above = list(rows.above)
    for row in _all([first], rows):
        if found := fitting(declarations, row.cells, files=kind):
            return above, row, found
        above.append(row)
        if len(above) > ROWS_ABOVE:
            break
    return above, first, []


# --- MT940 -----------------------------------------------------------------------------------------------------------


def _swift(first: Row, rows: FileRows, bank: str, accounts: Mapping[str, str], today: date) -> Statement:
    head = [first, *islice(rows, ROWS_ABOVE)]
    if not bank:
        named = next((row.cells[0][4:] for row in head if row.cells[0].startswith(":25:")), "")
        bank = _bank_of(named.rpartition("/")[2].removesuffix("IDR"), accounts)
    reader = mt940.Mt940(
        _all(head, rows), own_account=accounts.get(bank, ""), senders=MT940_SENDERS.get(bank, ()), today=today
    )
    return Statement(bank, MT940, "MT940 / MT942", accounts.get(bank, ""), reader)


def _bank_of(account: str, accounts: Mapping[str, str]) -> str:
    """Return the bank at which an account is the operator's; raises Refused for another's."""
    for bank, own in accounts.items():
        try:
            check_account(account, own)
        except ValueError:
            continue
        return bank
    raise Refused([Fault(1, 1, "", _("this names account %s, which isn’t the operator’s") % shown(account))])


def _all(head: list[Row], rows: FileRows) -> Iterator[Row]:
    yield from head
    yield from rows


# --- Tables ----------------------------------------------------------------------------------------------------------


def _table(
    first: Row,
    rows: FileRows,
    bank: str,
    accounts: Mapping[str, str],
    today: date,
    declarations: Sequence[Declaration],
    decimal: str | ValueError,
) -> Statement:
    if rows.about and rows.about > MOST_LINES + ROWS_ABOVE + MOST_SKIPPED:
        words = _("the file has more than %(most)d records; split it into several") % {"most": MOST_LINES}
        raise Refused([Fault(first.number, first.line, "", words)])
    above, header, found = _header_in(first, rows, declarations)
    if not found:
        raise Refused([_no_layout(first, bank, declarations)])
    declaration = _the_one(found, header, bank)
    bank = declaration.bank or bank
    if not bank:
        raise Refused([Fault(header.number, header.line, "", _("this layout isn’t of one bank; choose the bank"))])
    if isinstance(decimal, ValueError):
        raise Refused([Fault(header.number, header.line, "", str(decimal))])
    reader = TableStatement(
        declaration,
        above,
        header,
        rows,
        separator=rows.separator or ",",
        decimal=declaration.decimal or decimal,
        own_account=accounts.get(bank, ""),
        today=today,
    )
    reader.said.doubts += _hidden(rows)
    return Statement(bank, declaration.key, declaration.channel, accounts.get(bank, ""), reader, declaration)


def _hidden(rows: FileRows) -> list[str]:
    """Return what nobody has seen who looked at the workbook: a bank hides nothing, so somebody has been at it."""
    said = []
    if rows.hidden_sheet:
        said.append(_("The sheet that was read, %s, is hidden in the file.") % shown(rows.hidden_sheet))
    if rows.hidden_rows:
        said.append(_("Rows that are hidden in the file, and are read too: %d.") % rows.hidden_rows)
    return said


def _the_one(found: list[Declaration], row: Row, bank: str) -> Declaration:
    """Return the layout of a header; raises Refused when it is another bank's, or several fit."""
    of_bank = [declaration for declaration in found if not bank or declaration.bank in ("", bank)]
    if not of_bank:
        words = _("this is a file of %(bank)s (%(channel)s), and %(chosen)s was chosen")
        names = {"bank": banks.NAMES[found[0].bank], "channel": found[0].channel, "chosen": banks.NAMES[bank]}
        raise Refused([Fault(row.number, row.line, "", words % names)])
    if len(of_bank) > 1:
        words = _("two layouts have this header: %s")
        channels = ", ".join(declaration.channel for declaration in of_bank)
        raise Refused([Fault(row.number, row.line, "", words % channels)])
    return of_bank[0]


def _no_layout(row: Row, bank: str, declarations: Sequence[Declaration]) -> Fault:
    known = [declaration.channel for declaration in declarations if not bank or declaration.bank in ("", bank)]
    words = _("no known layout has this header: %(found)s. Known are %(known)s, and MT940")
    names = ", ".join(cell.strip() or "–" for cell in row.cells[:12])
    return Fault(row.number, row.line, "", words % {"found": shown(names, 200), "known": ", ".join(known) or "–"})


def _decimal_by_file(stream: BinaryIO, bank: str, declarations: Sequence[Declaration]) -> str | ValueError:
    """Read all sums of a file for the decimal sign that they share, where its layout has none of its own.

    It is read before the lines are, and to its end: two that read one file at once would move its place for each other.
    """
    unclear = [declaration for declaration in declarations if not declaration.decimal]
    rows = _rows_of(stream, declarations)
    try:
        first = next(rows, None)
        if first is None or (len(first.cells) == 1 and mt940.BEGINS.match(first.cells[0].lstrip("\ufeff"))):
            return "."
        _above, header, found = _header_in(first, rows, unclear)
        found = [declaration for declaration in found if not bank or declaration.bank in ("", bank)]
        return decimal_of(found[0], header, rows) if found else "."
    except ValueError as problem:
        return problem
    finally:
        rows.close()
