"""From an upload to the rows of a draft: every row is kept, right or wrong, so that it can be repaired."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from shutil import copyfileobj
from typing import Any, BinaryIO, cast

from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from flipdash.tables import Fault, FileRows, Row, Unreadable, read_file, rupiah, shown
from flipdash.tables.layouts import Header
from flipdash.tables.reader.tables import plain
from transactions.bulk import rows as stored
from transactions.bulk.judging import Text, judge, keep
from transactions.bulk.layout import BRI_ONLY, FIELDS, MOST_ROWS, BulkLayout
from transactions.models import BulkDraft

AT_ONCE = 1_000
"""Rows that are written in one statement."""
SUMS = re.compile(r"(?i)\s*(?:(?:grand|sub)?\s*total|jumlah|sum)\b.*|\s*")
"""What stands for a name in a row of sums."""


class Sheet:
    """Reads the rows of one file, header first, and judges each."""

    def __init__(self, rows: FileRows) -> None:
        self.rows = rows
        self.layout = BulkLayout()
        self.header = Header([])
        self.read = 0
        self.total = 0
        self.sums: list[int] = []
        """What rows of sums say, in rupiah."""
        self._default_bank = ""

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield each row as it is stored. Raises Unreadable for what puts all of the file in doubt."""
        self._read_header()
        for row in self.rows:
            if not any(cell.strip() for cell in row.cells):
                continue
            cells = [*row.cells, *[""] * (len(self.header.names) - len(row.cells))]
            texts = self._texts(cells)
            if self._is_sum(texts):
                continue
            self.read += 1
            if self.read > MOST_ROWS:
                words = {"most": MOST_ROWS}
                reason = _("the file has more than %(most)d rows; split it into several") % words
                raise Unreadable(Fault(row.number, row.line, "", reason))
            judged = judge(texts)
            self.total += judged.values["amount"] or 0
            yield stored.as_json(row.number, [keep(cell) for cell in cells], texts, judged)
        if not self.read:
            raise Unreadable(Fault(1, 1, "", _("the file has a header and no transfers")))

    def _read_header(self) -> None:
        first = next(self.rows, None)
        if first is None:
            raise Unreadable(Fault(1, 1, "", _("the file is empty")))
        self.header = self.layout.header_of(first.cells)
        self.layout.heed(self.header, self.rows.separator)
        names = {plain(name) for name in self.header.names}
        if names & BRI_ONLY:
            self._default_bank = "BRI"
        problems = list(self.header.problems)
        if not {"bank", "transfer_type"} & self.header.places.keys() and not self._default_bank:
            problems.append(("", _("the header lacks these columns: %(names)s") % {"names": "Bank"}))
        if "beneficiary_name" not in self.header.places:
            problems.append(("", _("the header lacks these columns: %(names)s") % {"names": "Beneficiary Name"}))
        if problems:
            raise _unfit(first, problems)

    def _texts(self, cells: list[str]) -> dict[str, Text]:
        texts: dict[str, Text] = {}
        for name in FIELDS:
            place = self.header.places.get(name)
            cell = "" if place is None else cells[place]
            texts[name] = keep(cell)
        if not str(texts["bank"]).strip():
            texts["bank"] = self._default_bank
            place = self.header.places.get("transfer_type")
            if place is not None and cells[place].strip().upper() in ("BCA", "OVERBOOKING BCA"):
                texts["bank"] = "BCA"
        return texts

    def _is_sum(self, texts: dict[str, Text]) -> bool:
        """Whether a row pays nobody but says what the rows above it come to; then it is kept to be compared."""
        if any(texts[name] for name in ("account_number", "beneficiary_email", "internal_reference")):
            return False
        said = [texts["beneficiary_name"], texts["remark"]]
        bank = texts["bank"] if texts["bank"] != self._default_bank else ""
        if not texts["amount"] or not all(isinstance(text, str) and SUMS.fullmatch(text) for text in [*said, bank]):
            return False
        amount = texts["amount"]
        try:
            self.sums.append(rupiah(str(amount if isinstance(amount, str) else amount[0])))
        except ValueError:
            return False
        return True

    @property
    def notes(self) -> dict[str, Any]:
        """What else the file said, for the page."""
        rows = self.rows
        return {
            "ignored_columns": [name for name in self.header.ignored if name],
            "ignored_sheets": [shown(name) for name in rows.ignored_sheets],
            "hidden_sheet": shown(rows.hidden_sheet) if rows.hidden_sheet else "",
            "hidden_rows": rows.hidden_rows,
            "sums": self.sums,
            "total": self.total,
        }


def _unfit(first: Row, problems: list[tuple[str, str]]) -> Unreadable:
    said = [f"{column}: {reason}" if column else reason for column, reason in problems]
    return Unreadable(Fault(first.number, first.line, "", "; ".join(said)))


@contextmanager
def upload_of(draft: BulkDraft) -> Iterator[BinaryIO]:
    """Open the upload as a file of this machine, wherever it is stored."""
    with tempfile.TemporaryFile() as copy:
        with default_storage.open(draft.stored_as) as saved:
            copyfileobj(saved, copy)
        yield cast(BinaryIO, copy)


def sheet_of(stream: BinaryIO) -> Sheet:
    """Return the sheet of a file."""
    return Sheet(read_file(stream, BulkLayout().header_names))
