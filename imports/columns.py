"""Which column of an upload is which, and what comes first in its dates: asked, suggested, and remembered.

A header is known again by the names of its columns, in any order; what somebody said of it is said of the next file.
"""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from accounts import rights
from accounts.permissions import Permission
from flipdash import clock, rls, states
from flipdash.scope import Scope
from flipdash.tables import Checker, Header, Import, Row, Unreadable
from imports.models import ColumnMapping, ImportJob

SAMPLE = 3
"""So many records are shown to whoever says what the columns are."""
CELL_SHOWN = 40  # characters


def key_of(header: Header) -> str:
    """Return what a header is known again by."""
    return hashlib.sha256("\n".join(sorted(header.labels)).encode()).hexdigest()


class Recalled:
    """What was said of a header before, looked up while a file is read; `by` is "" where nothing was."""

    def __init__(self, scope: Scope, kind: str) -> None:
        self.scope, self.kind = scope, kind
        self.by = ""
        self.at: datetime | None = None
        self.said: dict[str, Any] = {}

    def __call__(self, header: Header) -> tuple[Mapping[str, str], str] | None:
        """Return the columns and the order of the day and the month, or None."""
        with rls.inside(self.scope):
            rows = ColumnMapping.objects.visible_to(self.scope)
            found = rows.filter(kind=self.kind, header=key_of(header)).first()
        if found is None:
            return None
        self.by, self.at = found.by_name, found.changed_at
        self.said = said(header.names, found.columns, found.order)
        return found.columns, found.order


def said(names: list[str], columns: Mapping[str, str], order: str) -> dict[str, Any]:
    """Return what an import keeps of what was said."""
    return {"names": names, "columns": dict(columns), "order": order}


def question(kind: Import, checker: Checker, sample: list[Row]) -> dict[str, Any]:
    """Return what the page needs to ask which column is which: the header, what is suggested, some records."""
    header = kind.header
    if header.problems:  # no record was read yet; the rows put themselves into the sample
        with suppress(Unreadable):
            for _row in islice(checker.rows, SAMPLE):
                pass
    chosen = {name: header.labels[place] for name, place in header.places.items()}
    chosen |= {name: f"={word}" for name, word in header.constants.items()}
    return {
        "names": header.names,
        "labels": header.labels,
        "key": key_of(header),
        "suggested": chosen if kind.chosen or not header.problems else kind.suggested(header),
        "problems": [reason for _column, reason in header.problems],
        "sample": [[cell[:CELL_SHOWN] for cell in row.cells] for row in sample],
        "asks_columns": is_unknown(kind),
        "asks_order": kind.asks_order,
        "order": kind.dates.order,
        "only": kind.dates.only,
        "either": kind.dates.either,
    }


def is_unknown(kind: Import) -> bool:
    """Whether somebody could say which column is which, and has to: the header doesn't fit, but has enough columns."""
    return bool(kind.header.problems) and len(kind.header.names) >= sum(
        column.is_vital and not column.fixed for column in kind.fields
    )


@transaction.atomic
def choose(job: ImportJob, *, by: Scope, seen: str, columns: Mapping[str, str], order: str) -> bool:
    """Let an import be checked again with these columns, and keep them for the next file with such a header.

    `columns` has the label of each field's column, and is empty where the header's names say it. `seen` is the key of
    the header that was looked at. Returns whether it still waits with that header. Raises rights.NotAllowed.
    """
    job = rights.lock_row(by, ImportJob.objects.visible_to(by), job.pk, Permission.MANAGE_ACCOUNT)
    asked = job.preview.get("header", {})
    if not job.takes_columns or asked.get("key") != seen:
        return False
    states.move(
        job,
        ImportJob.Status.QUEUED,
        by=by,
        kind="import.columns",
        facts={"file": job.file_name},
        columns=said(asked["names"], columns, order),
        attempt=0,
        due_at=clock.now(),
        rows_done=0,
        keep_until=None,
    )
    ColumnMapping.objects.update_or_create(
        business_id=by.business.pk,
        mode=by.mode,
        kind=job.kind,
        header=seen,
        defaults={"columns": dict(columns), "order": order, "changed_at": Now(), **by.actor.columns("by")},
    )
    return True
