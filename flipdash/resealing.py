"""Sealing anew: what an older key of the ring has sealed is sealed by the first one, so that the older one can go.

Each app registers where it keeps sealed texts, and what has to stay as it was made (docs/running.md, "Keys").
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction

from flipdash import sealing

USING = "operator"  # sees every business


@dataclass(frozen=True)
class Place:
    """A column whose rows hold texts that were sealed for `bind`: the whole value, or some names of a JSON object.

    Where each row's text opens in that row alone, `bind` is a function of the row.
    """

    name: str
    model: type[models.Model]
    column: str
    bind: str | Callable[[Any], str]
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stay:
    """What keeps the key by which it was made, for nobody can make it anew; `since`: when the oldest of it was."""

    name: str
    since: Callable[[], datetime | None]


@dataclass
class Counts:
    """What came of a place."""

    anew: int = 0
    already: int = 0
    lost: int = 0
    """Texts that no key of the ring opens; they stay as they are."""


PLACES: list[Place] = []
STAYS: list[Stay] = []


def reseal(place: Place) -> Counts:
    """Seal the texts of a place by the first key, row by row: whatever stops it, it can be begun again."""
    counts = Counts()
    for pk in _rows(place).order_by("pk").values_list("pk", flat=True).iterator():
        with transaction.atomic(using=USING):
            row = _rows(place).select_for_update(no_key=True).filter(pk=pk).first()
            if row is not None and _reseal_row(place, row, counts):
                row.save(using=USING, update_fields=[place.column])
    return counts


def _rows(place: Place) -> models.QuerySet[Any]:
    return place.model._base_manager.using(USING).all()  # noqa: SLF001  (Django's own way to all rows)


def _reseal_row(place: Place, row: Any, counts: Counts) -> bool:
    """Seal the texts of one row; return whether any is another now."""
    value = getattr(row, place.column)
    texts = {name: value.get(name) for name in place.names} if place.names else {"": value}
    bind = place.bind(row) if callable(place.bind) else place.bind
    anew: dict[str, str] = {}
    for name, sealed in texts.items():
        if not sealed:
            continue
        try:
            text = sealing.reseal(sealed, bind)
        except sealing.Unsealable:
            counts.lost += 1
            continue
        if text == sealed:
            counts.already += 1
        else:
            counts.anew += 1
            anew[name] = text
    if anew:
        setattr(row, place.column, {**value, **anew} if place.names else anew[""])
    return bool(anew)


def stays() -> Iterator[tuple[str, datetime]]:
    """Yield what keeps an older key, and when the oldest of it was made."""
    for stay in STAYS:
        if since := stay.since():
            yield stay.name, since
