"""What one layout of a bank's statements looks like, as data: no code is needed for a new one (docs/top-ups.md).

A bank is not a format: several layouts belong to one bank, and the header row says which of them a file has.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from flipdash.tables.reader.tables import plain

STYLES = ("YYYY-MM-DD", "DD/MM/YYYY", "DD/MM/YY", "DD/MM", "D MONTH YYYY", "D-MON", "MM/DD/YYYY", "MM/DD/YY")
"""How days are written. A layout says which of them it has; never is one guessed from a day."""


class Confidence(models.TextChoices):
    """How sure we are that a bank's files look like this."""

    HIGH = "high", _("Made from real files of several people")
    MEDIUM = "medium", _("Seen once; tell us if it’s refused")
    LOW = "low", _("Not yet seen; columns chosen by hand")


class NoDeclaration(ValueError):
    """What is declared can't be a layout; the message says why."""


@dataclass(frozen=True)
class Declaration:
    """A layout. Columns are named as the header does, the second of one name as "Description#2"."""

    key: str
    bank: str
    """Our code for the bank, or "" for what is the same at all banks."""
    channel: str
    """What people call it: KlikBCA Bisnis."""
    confidence: str
    header: tuple[str, ...]
    """The names in order; other spellings after "|", "" for a nameless one, and "?" before those that may be absent."""
    styles: tuple[str, ...]
    """How its days are written (STYLES)."""
    date: str
    text: tuple[str, ...]
    """The columns of the text, in order."""
    credit: str = ""
    debit: str = ""
    amount: str = ""
    """The one column of sums, where in and out have none of their own: `sign` says the way, or it stands behind."""
    sign: str = ""
    signed: bool = False
    """Whether a minus alone says that money went out."""
    balance: str = ""
    account: str = ""
    value_date: str = ""
    reference: str = ""
    files: str = ""
    """"text" or "workbook", where the same header means another layout in the other; "" for both."""
    unquoted: str = ""
    """The column that may hold the separator without quotes: it takes what is too much."""
    decimal: str = "."
    """"." or ","; "" where it differs from file to file, so that all sums of a file together have to show it."""
    period_year: bool = False
    """Days without a year take it from the period above the table; else it is the latest such day."""
    pending: tuple[str, ...] = ("PEND",)
    """What stands in place of the date while a line is pending."""
    ends_with_balance: bool = False
    """Whether a line with the closing balance has to stand below, so that a file that breaks off is known."""
    compact: bool = False
    """Whether only the filled cells count, in order: merged cells stand between them."""
    senders: tuple[str, ...] = ()
    """Patterns of the text of money in, with groups name, bank, dd and mm, ref; for showing only."""

    def __post_init__(self) -> None:
        names = self.columns
        named = (self.date, *self.text, *(getattr(self, name) for name in SINGLE if getattr(self, name)))
        if unknown := [name for name in named if name not in names]:
            raise NoDeclaration(f"{self.key}: {', '.join(unknown)} isn’t in the header")
        if not self.date or bool(self.amount) == bool(self.credit) or bool(self.credit) != bool(self.debit):
            raise NoDeclaration(f"{self.key}: a date, and one column of sums or two, are needed")
        if not self.styles or any(style not in STYLES for style in self.styles):
            raise NoDeclaration(f"{self.key}: its days have no style")
        if self.decimal not in (".", ",", ""):
            raise NoDeclaration(f"{self.key}: {self.decimal} is no decimal sign")

    @property
    def columns(self) -> list[str]:
        """The name of each column, the second of one name with #2."""
        names: list[str] = []
        for written in self.header:
            name = written.removeprefix("?").split("|")[0]
            count = 1 + sum(other.split("#")[0] == name for other in names)
            names.append(name if count == 1 else f"{name}#{count}")
        return names

    @property
    def spellings(self) -> list[str]:
        """Every name that its header may hold."""
        return [name for written in self.header for name in written.removeprefix("?").split("|") if name]

    def places_in(self, cells: Sequence[str]) -> dict[str, int] | None:
        """Return where each column stands in a row that is this layout's whole header, or None when it isn't."""
        names = [plain(cell) for cell in cells]
        while names and not names[-1]:
            names.pop()
        places: dict[str, int] = {}
        place = 0
        if self.compact:
            filled = [index for index, name in enumerate(names) if name]
            found = self.places_in([cells[index] for index in filled]) if len(filled) < len(names) else None
            if found is not None:
                return found
        header = list(zip(self.header, self.columns, strict=True))
        while header and not header[-1][0]:
            header.pop()
        for written, column in header:
            wanted = [plain(name) for name in written.removeprefix("?").split("|")]
            if place < len(names) and names[place] in wanted:
                places[column] = place
                place += 1
            elif not written.startswith("?"):
                return None
        return places if place == len(names) else None

    def as_data(self) -> dict[str, Any]:
        """Return it as what JSON can hold."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Self:
        """Return the declaration that was kept; raises NoDeclaration."""
        known = {field.name for field in fields(cls)}
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
        }
        try:
            return cls(**{name: value for name, value in values.items() if name in known})
        except TypeError as problem:
            raise NoDeclaration(str(problem)) from problem


SINGLE = ("credit", "debit", "amount", "sign", "balance", "account", "value_date", "reference", "unquoted")


def fitting(declarations: Sequence[Declaration], cells: Sequence[str], *, files: str) -> list[Declaration]:
    """Return the declarations whose whole header a row of a "text" or "workbook" is."""
    possible = [declaration for declaration in declarations if declaration.files in ("", files)]
    return [declaration for declaration in possible if declaration.places_in(cells) is not None]
