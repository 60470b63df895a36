"""What is in a bank's statement: a .csv (or workbook) becomes lines, or faults (docs/top-ups.md).

The pipeline of flipdash/tables reads it by the bank's layout. A file with any fault is refused whole.
"""

from collections.abc import Iterator
from datetime import date
from typing import BinaryIO
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from deposits.statements.layouts import LAYOUTS, ParsedLine, Statement
from flipdash.tables import Checker, Fault, FileRows, Row, Unreadable, read_file, weigh

JAKARTA = ZoneInfo("Asia/Jakarta")
"""The zone in which the banks count their days."""


class Refused(Exception):
    """The file can't be imported; `faults` says why. Nothing of it was."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(map(in_words, faults)))
        self.faults = faults


def in_words(fault: Fault) -> str:
    """Return what is wrong, by the line as an editor counts it; what the cell holds stays in the file."""
    words = _("Line %(line)d, column %(column)s: %(reason)s.") if fault.column else _("Line %(line)d: %(reason)s.")
    return words % {"line": fault.line, "column": fault.column, "reason": fault.reason}


def read(stream: BinaryIO, bank: str, *, today: date, account: str) -> Iterator[ParsedLine]:
    """Yield the lines of a statement one by one, of the operator's `account` at that bank ("": there is none), as long
    as there is no fault.

    Raises Refused at the end of a file with faults, or at once when it is no table, lacks a column, names another
    account above the table, or has more lines than a statement.
    """
    layout = LAYOUTS[bank](today, account)
    try:
        weigh(stream)
    except Unreadable as problem:
        raise Refused([problem.fault]) from problem
    stream.seek(0)
    rows = read_file(stream, layout.header_names)
    try:
        checker = Checker(layout, _of_our_account(rows, layout))
        for line in checker.good():
            if not checker.outcome.fault_count:
                yield line
    finally:
        rows.close()
    if checker.outcome.fault_count:
        raise Refused(checker.outcome.faults[: layout.most_faults])


def _of_our_account(rows: FileRows, layout: Statement) -> Iterator[Row]:
    """Yield the rows; raises Unreadable when what stands above them names another account."""
    for place, row in enumerate(rows):
        if place == 0 and (fault := layout.fault_above(rows.above)):
            raise Unreadable(fault)
        yield row
