"""Declaring what a table file holds, column by column; no model is needed."""

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from flipdash.tables.cleaning import Cleaner, text
from flipdash.tables.faults import shown, visible
from flipdash.tables.reader.tables import plain

REQUIRED: Any = object()
LONGEST = 1_000
"""Characters of a text for which nothing else is declared."""


@dataclass(frozen=True)
class Kept:
    """The cleaner that an object of the layout keeps for its file under this name, such as `dates`: it needs to know
    something of the file, or remembers what it has seen."""

    name: str


class Field:
    """A column: the names it can have in a header, the first being ours, and what its cells may hold."""

    def __init__(
        self,
        name: str,
        *headers: str,
        clean: Cleaner | Kept | None = None,
        required: bool = True,
        empty: Any = REQUIRED,
        example: str = "",
    ) -> None:
        """Declare a column. Unless `clean` says otherwise its cells are texts; `required=False` lets a file lack the
        column, and `empty` is what an empty cell means, which is a fault otherwise."""
        self.name, self.headers, self.clean = name, headers, clean
        self.required, self.empty, self.example = required, empty, example

    @property
    def may_be_empty(self) -> bool:
        """Whether a record needs no value here."""
        return self.empty is not REQUIRED


@dataclass
class Header:
    """What the first row of a file says under a layout."""

    names: list[str]
    places: dict[str, int] = attribute(default_factory=dict)
    """Where each field's column stands, from 0."""
    ignored: list[str] = attribute(default_factory=list)
    problems: list[tuple[str, str]] = attribute(default_factory=list)
    """A column's name (or "") and a reason for each; without any, the layout fits."""


class Layout:
    """One kind of table file; an object of it reads one file. `Checker` makes records and faults of the rows."""

    do_not_call_in_templates: ClassVar[bool] = True

    fields: ClassVar[tuple[Field, ...]]
    key: ClassVar[str] = ""
    """The field whose values name the records; none may stand twice in a file."""

    most_records: ClassVar[int] = 1_000_000
    most_faults: ClassVar[int] = 100_000
    """A file with more is not what it was said to be, and isn't read to its end."""
    needs_records: ClassVar[bool] = True
    """Whether a file with nothing but a header is a fault."""
    is_even: ClassVar[bool] = True
    """Whether each record has as many cells as the header; otherwise it has at least those that are read."""

    def __init__(self) -> None:
        self.cleaners = {column.name: self._cleaner(column) for column in self.fields}

    def check(self, values: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield the name of a field and a reason for each fault that one cell alone doesn't show.

        `values` lacks what was faulty already; it may be completed here.
        """
        yield from ()

    def record(self, values: dict[str, Any]) -> Any:
        """Return what a record without faults becomes: its values, in the order of the fields."""
        return [values[column.name] for column in self.fields]

    def longest(self, name: str) -> int:
        """Return how many characters a text may have."""
        return LONGEST

    def value(self, column: Field, cell: str) -> Any:
        """Return the value of a cell; raises ValueError with the reason for people."""
        if cell.strip():
            return self.cleaners[column.name](cell)
        if column.empty is REQUIRED:
            raise ValueError(_("is empty"))
        return column.empty

    def _cleaner(self, column: Field) -> Cleaner:
        if isinstance(column.clean, Kept):
            return getattr(self, column.clean.name)
        return column.clean or text(self.longest(column.name))

    # --- Headers -------------------------------------------------------------------------------------------

    @classmethod
    def names(cls) -> list[str]:
        """Return our name for each column."""
        return [column.headers[0] for column in cls.fields]

    @classmethod
    def needed(cls) -> list[str]:
        """Return our names for the columns that no file may lack."""
        return [column.headers[0] for column in cls.fields if column.required]

    @classmethod
    def name_of(cls, field: str) -> str:
        """Return our name for a field's column."""
        return next(column.headers[0] for column in cls.fields if column.name == field)

    @classmethod
    def field_of(cls, header: str) -> Field | None:
        """Return the field that a column's name means, or None."""
        wanted = plain(header)
        return next((column for column in cls.fields if wanted in map(plain, column.headers)), None)

    @classmethod
    def header_of(cls, cells: list[str]) -> Header:
        """Read a header row: it can be asked of several layouts which of them fits a file."""
        header = Header([name.strip() for name in cells])
        for place, name in enumerate(header.names):
            known = cls.field_of(name)
            if known is None:
                header.ignored += [shown(name)] if name else []
            elif known.name in header.places:
                other = shown(header.names[header.places[known.name]])
                reason = _("the header has this column twice (the other is %(other)s)") % {"other": other}
                header.problems.append((visible(name), reason))
            else:
                header.places[known.name] = place
        missing = [column.headers[0] for column in cls.fields if column.required and column.name not in header.places]
        header.problems += cls.lacking(missing)
        return header

    @classmethod
    def lacking(cls, names: list[str]) -> list[tuple[str, str]]:
        """Return how it is said that a file lacks columns."""
        return [("", _("the header lacks these columns: %(names)s") % {"names": ", ".join(names)})] if names else []

    @property
    def header_names(self) -> list[str]:
        """Every name that a header may hold."""
        return [name for column in self.fields for name in column.headers]
