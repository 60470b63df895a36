"""Kinds of history: layouts whose records are stored."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.db import models

from flipdash.actors import Actor
from flipdash.scope import Business
from flipdash.tables.cleaning import Dates
from flipdash.tables.layouts import Header, Layout
from flipdash.words import Words


class Import(Layout, ABC):
    """One kind of history, about to be read from one file for one business and mode."""

    name: ClassVar[str]
    """What commands and addresses call it."""
    title: ClassVar[Words]
    model: ClassVar[type[models.Model]]
    """`key` is its field that holds the other system's id, once per business and mode."""

    sums_by: ClassVar[tuple[str, ...]] = ("status",)
    """The fields whose values a preview sums up by, never across them."""
    sums: ClassVar[tuple[str, ...]] = ("amount", "fee")

    def __init__(self, *, business: Business, mode: str, by: Actor, source: str, now: datetime) -> None:
        self.business, self.mode = business, mode
        self.by, self.source = by, source
        self.dates = Dates(ZoneInfo(business.time_zone), now)
        super().__init__()

    recall: Callable[[Header], tuple[Mapping[str, str], str] | None] | None = None
    """Asked for what somebody has said of such a header before."""
    header = Header([])
    """The header of the file, once it was read."""

    def read_header(self, cells: list[str]) -> Header:
        """Read the header row of the file, by its names or as somebody has chosen the columns, now or before."""
        self.header = super().read_header(cells)
        if self.recall and (said := self.recall(self.header)):
            self.choose(*said)
            self.header = super().read_header(cells)
        return self.header

    def choose(self, columns: Mapping[str, str], order: str) -> None:
        """Read the columns as somebody has chosen them, by their labels, and dates with the day or the month first."""
        self.chosen, self.dates.order = columns, order

    @property
    def asks_order(self) -> bool:
        """Whether the file left open if days or months come first in its dates."""
        return self.dates.asks

    def heed(self, header: Header, separator: str) -> None:
        """Read times in the zone that the header names."""
        super().heed(header, separator)
        if header.zone:
            self.dates.zone = ZoneInfo(header.zone)

    def longest(self, name: str) -> int:
        """Return how many characters the database takes."""
        return most(self.model, name)

    @abstractmethod
    def store(self) -> int:
        """Move the rows of INCOMING that aren't stored yet to their table, their ids to STORED, and return how many
        these were."""

    @classmethod
    def label(cls, name: str, value: Any) -> str | None:
        """Return what people call a value that is a code; None where the model knows it, or it is none."""
        return None

    @property
    def columns(self) -> list[str]:
        """The columns of INCOMING."""
        return [column.name for column in self.fields]


def most(model: type[models.Model], name: str) -> int:
    """Return how many characters a column of the database takes."""
    return model._meta.get_field(name).max_length or 0  # type: ignore[union-attr]  # a field of ours, no relation


_kinds: dict[str, type[Import]] = {}


def register(kind: type[Import]) -> type[Import]:
    """Make a kind known by its name, to the page and the command."""
    _kinds[kind.name] = kind
    return kind


def kinds() -> dict[str, type[Import]]:
    """Return all kinds of history by their names, in the order in which they were made known."""
    return dict(_kinds)
