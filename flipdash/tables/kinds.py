"""Declaring a kind of history: its columns, and how it is stored."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext as _

from flipdash.scope import Business
from flipdash.tables.cleaning import Cleaner, Dates
from flipdash.tables.reader.tables import plain
from flipdash.words import Words

REQUIRED: Any = object()


@dataclass(frozen=True)
class Field:
    """A column: the names it can have in a header, the first being ours, and what its cells may hold."""

    name: str
    headers: tuple[str, ...]
    clean: Cleaner
    required: bool = True
    empty: Any = REQUIRED
    """What an empty cell means; unless given, an empty cell is a fault."""
    example: str = ""

    @property
    def may_be_empty(self) -> bool:
        """Whether a record needs no value here."""
        return self.empty is not REQUIRED

    def value(self, cell: str) -> Any:
        """Return the value of a cell; raises ValueError with the reason for people."""
        if cell.strip():
            return self.clean(cell)
        if self.empty is REQUIRED:
            raise ValueError(_("is empty"))
        return self.empty


class Import(ABC):
    """One kind of history, about to be read from one file for one business and mode."""

    name: ClassVar[str]
    """What commands and addresses call it."""
    title: ClassVar[Words]
    model: ClassVar[type[models.Model]]
    key: ClassVar[str]
    """The field that holds the other system's id, once per business and mode."""

    sums_by: ClassVar[tuple[str, ...]] = ("status",)
    """The fields whose values a preview sums up by, never across them."""
    sums: ClassVar[tuple[str, ...]] = ("amount", "fee")

    fields: tuple[Field, ...]

    def __init__(self, *, business: Business, mode: str, by: str, source: str, now: datetime) -> None:
        self.business, self.mode = business, mode
        self.by, self.source = by, source
        self.dates = Dates(ZoneInfo(business.time_zone), now)

    def field_of(self, header: str) -> Field | None:
        """Return the field that a column's name means, or None."""
        wanted = plain(header)
        return next((column for column in self.fields if wanted in map(plain, column.headers)), None)

    def name_of(self, field: str) -> str:
        """Return our name for a field's column."""
        return next(column.headers[0] for column in self.fields if column.name == field)

    @property
    def header_names(self) -> list[str]:
        """Every name that a header may hold."""
        return [name for column in self.fields for name in column.headers]

    def check(self, values: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield the name of a field and a reason for each fault that one cell alone doesn't show.

        `values` lacks what was faulty already; it may be completed here.
        """
        yield from ()

    @abstractmethod
    def store(self) -> int:
        """Move the rows of INCOMING that aren't stored yet to their table, and return how many these were."""

    @property
    def columns(self) -> list[str]:
        """The columns of INCOMING."""
        return [column.name for column in self.fields]


_kinds: dict[str, type[Import]] = {}


def register(kind: type[Import]) -> type[Import]:
    """Make a kind known by its name, to the page and the command."""
    _kinds[kind.name] = kind
    return kind


def kinds() -> dict[str, type[Import]]:
    """Return all kinds of history by their names, in the order in which they were made known."""
    return dict(_kinds)
