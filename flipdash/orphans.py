"""Files that no row names are thrown away: each app says which folders are its own, and what names the files in them.

    orphans.register("logos", (Business, "logo"))

A file's name is noted before it is stored, or it is deleted when its row doesn't come to be, so that little is ever
left: what a process was killed over, what was put back with an older database, what a storage kept though it was told
to delete it.
"""

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

from django.core.files.storage import default_storage

from flipdash import clock
from flipdash.storage import walk

USING = "operator"
KEPT_FOR = timedelta(days=1)
"""How old a file must be: one that is just being stored may have its row in a transaction that nobody sees yet."""
MOST = 1_000
"""Files of a folder that go at once; the next sweep takes more."""
AT_ONCE = 10_000
"""Files whose names are held in memory, and asked for in one statement."""

_named: dict[str, tuple[tuple[Any, str], ...]] = {}
"""The folders, and the fields of models that name the files in each. What is in other folders stays."""


def register(folder: str, *fields: tuple[Any, str]) -> None:
    """Say that all files of a folder are named by these fields."""
    _named[folder] = fields


def throw_away() -> int:
    """Delete the files that are older than a day and that no row names; return how many went."""
    gone = 0
    for folder, fields in _named.items():
        left = MOST
        old = _old_files(folder)
        while left and (some := list(islice(old, AT_ONCE))):
            for name in islice(sorted(set(some) - _names_among(some, fields)), left):
                default_storage.delete(name)
                left -= 1
        gone += MOST - left
    return gone


def _names_among(some: list[str], fields: tuple[tuple[Any, str], ...]) -> set[str]:
    """Return which of these names a row has: asked after they were found in the storage, so that none is missed."""
    found: set[str] = set()
    for model, field in fields:
        rows = model.objects.using(USING).filter(**{f"{field}__in": some}).order_by()
        found.update(rows.values_list(field, flat=True))
    return found


def _old_files(folder: str) -> Iterator[str]:
    """Yield the files below a folder that are older than a day."""
    before = clock.now(USING) - KEPT_FOR
    for name, stored_at in walk(default_storage, folder):
        if stored_at < before:
            yield name
