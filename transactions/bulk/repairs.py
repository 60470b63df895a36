"""Mending rows in the page: one cell, many cells at once, or leaving rows out. Each counts as a new version."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from accounts import rights
from accounts.permissions import Permission
from flipdash.scope import Scope
from transactions.bulk import asking
from transactions.bulk import rows as stored
from transactions.bulk.creating import LEFT_OUT, NAMES, TWINS, WRONG
from transactions.bulk.judging import shown
from transactions.bulk.layout import FIELDS
from transactions.models import BulkDraft, BulkRow

SHOWING: dict[str, Q] = {"": Q(), "wrong": WRONG, "twins": TWINS, "names": NAMES, "left-out": LEFT_OUT}
"""What a page can show of a draft, by the word in its address."""
LONGEST = 1_000
"""Characters of a cell that somebody types."""
AT_ONCE = 1_000


class NotInReview(Exception):
    """The draft is past that step."""


@contextmanager
def _changing(scope: Scope, draft: BulkDraft) -> Iterator[BulkDraft]:
    """Lock a draft that is being looked at; what is changed makes a new version. Raises NotInReview, NotAllowed."""
    with transaction.atomic():
        locked = rights.lock_row(scope, BulkDraft.objects.visible_to(scope), draft.pk, Permission.CREATE_TRANSACTIONS)
        if locked.status != BulkDraft.Status.REVIEW:
            raise NotInReview
        yield locked
        asking.ask(locked)
        BulkDraft.objects.filter(pk=locked.pk).update(version=F("version") + 1, problem="", missing=None)


def repair(scope: Scope, draft: BulkDraft, changes: Mapping[int, Mapping[str, str]]) -> int:
    """Write what was typed into cells, by record and field; returns how many rows were changed."""
    with _changing(scope, draft) as locked:
        found = locked.rows.filter(record__in=list(changes)).order_by("record")
        return _write(locked, ((row, changes[row.record]) for row in found))


def replace(scope: Scope, draft: BulkDraft, field: str, old: str, new: str) -> int:
    """Write `new` wherever a wrong cell of a field holds `old`; returns in how many rows."""
    with _changing(scope, draft) as locked:
        found = same(locked, field, old).order_by("record")
        return _write(locked, ((row, {field: new}) for row in found))


def same(draft: BulkDraft, field: str, old: str) -> Any:
    """Return the wrong rows whose cell of a field holds this text."""
    as_text = Q(**{f"texts__{field}": old}) | Q(**{f"texts__{field}__0": old})
    return draft.rows.filter(WRONG, as_text, wrong__contains=[field])


def _write(draft: BulkDraft, changes: Any) -> int:
    before, after, count = [], [], 0
    for row, texts in changes:
        typed = {name: text[:LONGEST] for name, text in texts.items() if _is_typed(row, name, text)}
        new = stored.as_json(row.record, [], {**row.texts, **typed})
        before.append({"account_number": row.account_number, "internal_reference": row.internal_reference})
        after.append(new)
        count += 1
    for start in range(0, count, AT_ONCE):
        stored.change(draft, after[start : start + AT_ONCE])
    if count:
        stored.mark(draft, [*before, *after])
    return count


def _is_typed(row: BulkRow, name: str, text: str) -> bool:
    """Whether somebody has typed this: a page sends all of its inputs, and what a spreadsheet lost is still lost."""
    return name in FIELDS and text != shown(row.texts.get(name, ""))


def leave_out(scope: Scope, draft: BulkDraft, *, records: list[int] | None = None, showing: str = "") -> int:
    """Leave rows out: these, or all that the page shows under a word; returns how many."""
    return _set(scope, draft, Q(is_left_out=False), records, showing, is_left_out=True)


def put_back(scope: Scope, draft: BulkDraft, *, records: list[int] | None = None) -> int:
    """Take rows in again that were left out; returns how many."""
    return _set(scope, draft, Q(is_left_out=True), records, "", is_left_out=False)


def _set(scope: Scope, draft: BulkDraft, only: Q, records: list[int] | None, showing: str, *, is_left_out: bool) -> int:
    with _changing(scope, draft) as locked:
        rows = locked.rows.filter(only, SHOWING[showing])
        if records is not None:
            rows = rows.filter(record__in=records)
        touched = list(rows.values("pk", "account_number", "internal_reference"))
        locked.rows.filter(pk__in=[row["pk"] for row in touched]).update(is_left_out=is_left_out)
        if touched:
            stored.mark(locked, touched if len(touched) <= AT_ONCE else None)
    return len(touched)
