"""The workbook: sheets and strings in their spools, and in the end the file."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from documents.reports.writers.biff import ole, records
from documents.reports.writers.biff.drawing import drawing_group
from documents.reports.writers.biff.ole import DOCUMENT_SUMMARY, SUMMARY, CompoundFile, properties
from documents.reports.writers.biff.sheet import Sheet
from documents.reports.writers.biff.strings import SharedStrings
from documents.reports.writers.biff.styles import Styles

AT_A_TIME = 1 << 20
MOST_COLUMNS = 256
SUMMARY_FORMAT, DOCUMENT_FORMAT = "f29f85e0-4ff9-1068-ab91-08002b27b3d9", "d5cdd502-2e9c-101b-9397-08002b2cf9ae"
CODE_PAGE, APPLICATION = 1, 18


class Book:
    """Writes a book to a path. Its temporary files are in the same folder, and have no name that could be left over."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.styles = Styles()
        self.sheets: list[Sheet] = []
        self.cells = self._spool()
        self.strings = SharedStrings(self._spool())

    def add_sheet(self, name: str, widths: Sequence[int], *, is_filtered: bool = False) -> Sheet:
        """Begin the next sheet, with the widths of its columns in characters; the one before it is done.

        A filtered sheet has its first row frozen, with an arrow in each column. Raises TooBig, rather than at the end,
        when sheets and strings are longer than 2 GiB already, and ValueError for more columns than a sheet has.
        """
        if len(widths) > MOST_COLUMNS:
            raise ValueError(f"A sheet has {MOST_COLUMNS} columns at most.")
        if self.sheets:
            self.sheets[-1].end()
        if sum(sheet.size for sheet in self.sheets) + self.strings.start > ole.LONGEST_STREAM:
            raise ole.TooBig
        sheet = Sheet(name, widths, self.cells, self.strings)
        sheet.is_filtered = is_filtered
        self.sheets.append(sheet)
        return sheet

    def close(self) -> None:
        """Write the file. Raises TooBig when the workbook is longer than 2 GiB."""
        self.sheets[-1].end()
        with self.path.open("wb") as file:
            compound = CompoundFile(file)
            self._write_workbook(file)
            compound.end_stream("Workbook")
            file.write(properties(SUMMARY_FORMAT, {CODE_PAGE: 1252, APPLICATION: "FlipDash"}))
            compound.end_stream(SUMMARY)
            file.write(properties(DOCUMENT_FORMAT, {CODE_PAGE: 1252}))
            compound.end_stream(DOCUMENT_SUMMARY)
            compound.close()
        self.cells.close()
        self.strings.spool.close()

    def _write_workbook(self, file: BinaryIO) -> None:
        """Write the globals (§2.1.7.20.3), then each sheet (§2.1.7.20.5)."""
        filtered = [(number, sheet) for number, sheet in enumerate(self.sheets) if sheet.is_filtered]
        head = records.book_head(len(self.sheets)) + self.styles.records() + records.USESELFS
        filters = [(number, sheet.rows, sheet.columns) for number, sheet in filtered]
        between = b"".join(
            [
                records.COUNTRY,
                records.own_references(filters, len(self.sheets)),
                drawing_group([sheet.columns for _number, sheet in filtered]),
            ]
        )
        strings_size = self.strings.finish()
        strings_at = len(head) + sum(len(records.bound_sheet(0, sheet.name)) for sheet in self.sheets) + len(between)
        position = strings_at + strings_size + self.strings.index_size + len(records.EOF)
        drawings = {number: drawing for drawing, (number, _sheet) in enumerate(filtered, 1)}
        bounds, around = [], []
        for number, sheet in enumerate(self.sheets):
            bounds.append(records.bound_sheet(position, sheet.name))
            before = sheet.before(position)
            after = sheet.after(drawings.get(number, 0), is_front=number == 0)
            around.append((before, after))
            position += len(before) + sheet.size + len(after)
            if position > ole.LONGEST_STREAM:
                raise ole.TooBig  # before a file is written that is refused in the end
        file.write(b"".join([head, *bounds, between]))
        self.strings.spool.seek(0)
        shutil.copyfileobj(self.strings.spool, file, AT_A_TIME)
        file.write(self.strings.index(strings_at) + records.EOF)
        self.cells.seek(0)
        for sheet, (before, after) in zip(self.sheets, around, strict=True):
            file.write(before)
            _copy(self.cells, file, sheet.size)
            file.write(after)

    def _spool(self) -> BinaryIO:
        return tempfile.TemporaryFile(dir=self.path.parent)


def _copy(source: BinaryIO, target: BinaryIO, size: int) -> None:
    while size:
        piece = source.read(min(size, AT_A_TIME))
        target.write(piece)
        size -= len(piece)
