"""Declaring what a table file holds, column by column; no model is needed."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from difflib import SequenceMatcher
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from flipdash.tables.cleaning import Cleaner, text
from flipdash.tables.faults import shown, visible
from flipdash.tables.guard import unguarded
from flipdash.tables.reader.tables import plain

REQUIRED: Any = object()
ZONES = {"WIB": "Asia/Jakarta", "WITA": "Asia/Makassar", "WIT": "Asia/Jayapura"}
WITH_ZONE = re.compile(r"(.+?)\s*\((WIB|WITA|WIT)\)")
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
        spare: tuple[str, ...] = (),
        fixed: tuple[str, ...] = (),
    ) -> None:
        """Declare a column. Unless `clean` says otherwise its cells are texts; `required=False` lets a file lack the
        column, and `empty` is what an empty cell means, which is a fault otherwise. `spare` are names that mean it
        where none of the others stands in the file. `fixed` is what a person may say of all records of a file that
        lacks the column."""
        self.name, self.headers, self.clean, self.spare, self.fixed = name, headers, clean, spare, fixed
        self.required, self.empty, self.example = required, empty, example

    @property
    def may_be_empty(self) -> bool:
        """Whether a record needs no value here."""
        return self.empty is not REQUIRED

    @property
    def is_vital(self) -> bool:
        """Whether there is no record without it, so that somebody who says what the columns are has to name one."""
        return self.required and not self.may_be_empty


@dataclass
class Header:
    """What the first row of a file says under a layout."""

    names: list[str]
    places: dict[str, int] = attribute(default_factory=dict)
    """Where each field's column stands, from 0."""
    ignored: list[str] = attribute(default_factory=list)
    zone: str = ""
    """The zone that its times are in, where the names say it, as those of our own reports: Created Date (WIB)."""
    constants: dict[str, str] = attribute(default_factory=dict)
    """What somebody said of all records, for fields without a column."""
    problems: list[tuple[str, str]] = attribute(default_factory=list)
    """A column's name (or "") and a reason for each; without any, the layout fits."""

    @property
    def labels(self) -> list[str]:
        """What tells the columns apart, in their order: the name without case, spaces and punctuation, with #2 where it
        stands for the second time; the place where there is none."""
        names = [plain(name) for name in self.names]
        return [
            f"#{place + 1}" if not name else name if (n := names[: place + 1].count(name)) == 1 else f"{name}#{n}"
            for place, name in enumerate(names)
        ]


NEAR = 0.72
"""How alike two names are, from 0 to 1, before one is suggested for the other."""


def _nearness(name: str, column: Field) -> float:
    """Return how much a column's name is like those of a field."""
    written = plain(without_zone(name)[0])
    return max((_alike(written, plain(known)) for known in (*column.headers, *column.spare)), default=0.0)


def _alike(one: str, other: str) -> float:
    if min(len(one), len(other)) >= len("Nama") and (one in other or other in one):
        return 0.75 + min(len(one), len(other)) / max(len(one), len(other)) / 4
    return SequenceMatcher(None, one, other).ratio()


def without_zone(header: str) -> tuple[str, str]:
    """Return a column's name without the zone of its times, and that zone: "Created Date (WITA)"."""
    found = WITH_ZONE.fullmatch(header.strip())
    return (found[1], ZONES[found[2]]) if found else (header, "")


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

    chosen: Mapping[str, str] = {}
    """The columns of the fields, by label, where somebody has chosen them; the header's names then say nothing."""

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

    guarded_with = ""
    """The separator of the file, where its texts were kept from waking as formulas; else ""."""

    def value(self, column: Field, cell: str) -> Any:
        """Return the value of a cell; raises ValueError with the reason for people."""
        if self.guarded_with:
            cell = unguarded(cell, self.guarded_with)
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
        wanted = plain(without_zone(header)[0])
        return next((column for column in cls.fields if wanted in map(plain, column.headers)), None)

    @classmethod
    def spare_of(cls, header: str) -> Field | None:
        """Return the field that a column's name means where no better one stands in the file, or None."""
        return next((column for column in cls.fields if plain(header) in map(plain, column.spare)), None)

    @classmethod
    def header_of(cls, cells: list[str]) -> Header:
        """Read a header row: it can be asked of several layouts which of them fits a file."""
        header = Header([name.strip() for name in cells])
        for place, name in enumerate(header.names):
            known = cls.field_of(name)
            if known is None:
                header.ignored += [shown(name)] if name and not cls._stands_in(header, name, place) else []
            elif known.name in header.places:
                other = shown(header.names[header.places[known.name]])
                reason = _("the header has this column twice (the other is %(other)s)") % {"other": other}
                header.problems.append((visible(name), reason))
            else:
                header.places[known.name] = place
                cls._note_zone(header, name)
        missing = [column.headers[0] for column in cls.fields if column.required and column.name not in header.places]
        header.problems += cls.lacking(missing)
        return header

    def read_header(self, cells: list[str]) -> Header:
        """Read the header row of the file, by its names or as somebody has chosen the columns."""
        if not self.chosen:
            return self.header_of(cells)
        header = Header([name.strip() for name in cells])
        places = {label: place for place, label in enumerate(header.labels)}
        for column in self.fields:
            label = self.chosen.get(column.name, "")
            if label in places:
                header.places[column.name] = places[label]
                self._note_zone(header, header.names[places[label]])
            elif label.startswith("=") and label[1:] in column.fixed:
                header.constants[column.name] = label[1:]
            elif column.is_vital or label:
                header.problems += self.lacking([column.headers[0]])
        taken = set(header.places.values())
        header.ignored = [shown(name) for place, name in enumerate(header.names) if name and place not in taken]
        return header

    def suggested(self, header: Header) -> dict[str, str]:
        """Return the label of the column that each field may mean, for somebody who is to choose."""
        labels = header.labels
        known = self.header_of(header.names).places
        free = [place for place in range(len(labels)) if place not in known.values()]
        for column in self.fields:
            near = {place: _nearness(header.names[place], column) for place in free}
            best = max(near, key=near.__getitem__, default=-1)
            if column.name not in known and near.get(best, 0) >= NEAR:
                known[column.name] = best
                free.remove(best)
        return {name: labels[place] for name, place in known.items()}

    @classmethod
    def _stands_in(cls, header: Header, name: str, place: int) -> bool:
        """Whether a spare name has to do, because the file has none that is better; then its column is taken."""
        spare = cls.spare_of(name)
        others = {known.name for other in header.names if (known := cls.field_of(other))}
        if spare is None or spare.name in others or spare.name in header.places:
            return False
        header.places[spare.name] = place
        return True

    @classmethod
    def _note_zone(cls, header: Header, name: str) -> None:
        zone = without_zone(name)[1]
        if zone and header.zone not in ("", zone):
            header.problems.append((visible(name), _("the header names two time zones")))
        header.zone = header.zone or zone

    @classmethod
    def lacking(cls, names: list[str]) -> list[tuple[str, str]]:
        """Return how it is said that a file lacks columns."""
        return [("", _("the header lacks these columns: %(names)s") % {"names": ", ".join(names)})] if names else []

    @property
    def asks_order(self) -> bool:
        """Whether the file left open if days or months come first in its dates."""
        return False

    @property
    def header_names(self) -> list[str]:
        """Every name that a header may hold."""
        return [name for column in self.fields for name in (*column.headers, *column.spare)]

    def heed(self, header: Header, separator: str) -> None:
        """Take from the header what cells mean by it. A .csv of our own, known by the zone in its header, has ' in
        front of what a spreadsheet would take for a formula."""
        self.guarded_with = separator if header.zone and separator in (",", ";") else ""
