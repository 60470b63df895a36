"""What can be wrong in a file, and how it is said."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

CELL_KEPT = 200
"""Characters of a faulty cell that are kept."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, and where: the record (the header is 1), the line on which it starts, the column by its
    name in the file (empty: the whole record), and the cell as it was written."""

    record: int
    line: int
    column: str
    reason: str
    cell: str = ""

    @property
    def words(self) -> str:
        """The reason, after what stands in the cell."""
        return f"{shown(self.cell)}: {self.reason}" if self.cell.strip() else self.reason

    def __str__(self) -> str:
        place = _("record %(record)d, line %(line)d") % {"record": self.record, "line": self.line}
        return f"{place}, {self.column}: {self.words}" if self.column else f"{place}: {self.words}"


class Unreadable(Exception):
    """The file can't be read from this point on."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


class Doubt(ValueError):
    """A value is wrong in a way that puts other records in doubt, so that skipping this one isn't enough."""


def broken(cell: str) -> str:
    """Return the reason for a cell of a workbook without a value: an error, or a formula that nobody worked out."""
    if cell == "=":
        return _("is a formula whose result the file doesn’t hold; open it in a spreadsheet program and save it again")
    return _("is an error in the workbook, not a value")


def visible(value: str) -> str:
    """Return a text with control characters written out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value)


def shown(value: str, most: int = 40) -> str:
    """Return a value from a file as a message may show it: short, with control characters made visible."""
    return f"“{visible(value[:most])}…”" if len(value) > most else f"“{visible(value)}”"
