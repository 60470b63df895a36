"""Receipts as files: asked for once, made by a worker, kept with their hash, and the same bytes ever after."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone, translation

from documents.models import ReceiptFile
from documents.receipts.printing import Paper, printed
from flipdash import clock, histories, rls, room
from flipdash.histories import History
from flipdash.leases import Stopped, Worker
from flipdash.scope import Scope

Status = ReceiptFile.Status


class Gone(Exception):
    """The transaction is no longer there, or not successful any more."""


MOST_KEPT = room.MOST_KEPT // 2
"""What receipts leave to what can't be printed again: documents of transfers."""


class NoRoom(Exception):
    """As many new files were asked for within a day, or are kept, as may be: this one is printed, and isn't kept."""


RECEIPTS = Worker(
    "receipts", ReceiptFile, per="business", problems={Gone: "gone"}, related=("business",), using="operator"
)
"""One takes some 60 ms: they wake the queue of what is short, and wait for no report."""


@transaction.atomic
def ask(paper: Paper, *, language: str, again: bool = False) -> ReceiptFile:
    """Return the file of a receipt in a language; where there is none, a worker makes it.

    `again` lets one that failed be tried once more. Raises NoRoom.
    """
    scope = paper.history.scope
    wanted = _which(paper.history, paper.with_fee, language)
    wanted |= {"row_id": paper.transaction.pk, "returned": paper.is_returned}
    rows = ReceiptFile.objects.visible_to(scope).filter(**wanted)
    made: ReceiptFile | None = rows.first()
    if made is None:
        _check_room(scope)
        ours = {"business_id": scope.business.pk, "mode": scope.mode, **scope.actor.columns("by")}
        ReceiptFile.objects.bulk_create([ReceiptFile(**wanted, **ours)], ignore_conflicts=True)
    elif made.status == Status.FAILED and again:
        failed = rows.filter(status=Status.FAILED)
        failed.update(status=Status.QUEUED, attempt=0, due_at=Now(), finished_at=None, problem="")
    else:
        return made
    transaction.on_commit(RECEIPTS.wake)
    return rows.get()


def _check_room(scope: Scope) -> None:
    """Raise NoRoom when as many were asked for within a day as are kept, or all take as much as they may.

    A business's zone can be changed, so a day is 24 hours.
    """
    made = ReceiptFile.objects.visible_to(scope).filter(created_at__gt=clock.now() - timedelta(days=1))
    most = settings.RECEIPT_FILES_A_DAY
    if made.values("pk")[:most].count() >= most or room.kept(scope) >= MOST_KEPT:
        raise NoRoom


def opened(file: ReceiptFile) -> Any:
    """Return the bytes of a file that is ready, to be read; raises FileNotFoundError."""
    return default_storage.open(file.stored_as)


def ready(history: History, pks: Sequence[int], *, with_fee: bool) -> dict[tuple[int, bool], ReceiptFile]:
    """Return the files that some transactions have already, in the language of the moment, by id and `returned`."""
    rows = ReceiptFile.objects.visible_to(history.scope).using(history.using)
    which = _which(history, with_fee, translation.get_language())
    found = rows.filter(status=Status.READY, row_id__in=pks, **which)
    return {(file.row_id, file.returned): file for file in found}


def _which(history: History, with_fee: bool, language: str) -> dict[str, Any]:
    return {"history": history.name, "with_fee": with_fee, "language": language}


@RECEIPTS.runs
def _make(file: ReceiptFile) -> None:
    with (
        rls.inside_of(file.business_id, file.mode),
        translation.override(file.language),
        timezone.override(file.business.time_zone),
    ):
        scope = Scope.by_itself(file.business, file.mode)
        known = file.history in histories.names()
        paper = Paper.of(histories.get(file.history), scope, file.row_id, with_fee=file.with_fee) if known else None
        if paper is None or paper.is_returned != file.returned:
            raise Gone  # who asks now gets what it says now
        _publish(file, printed([paper], scope), paper.file_name)


def _publish(file: ReceiptFile, content: bytes, file_name: str) -> None:
    """Store a file and say that it is there, unless another worker has taken it over."""
    if file.stored_as:  # what an attempt before this one stored, and could not publish
        default_storage.delete(file.stored_as)
    name = f"receipts/{file.business_id}/{file.pk}-{file.attempt}-{secrets.token_hex(8)}.pdf"
    RECEIPTS.note(file, stored_as=name)
    try:
        default_storage.save(name, ContentFile(content))
        digest = sha256(content).hexdigest()
        RECEIPTS.finish(file, Status.READY, file_name=file_name, size=len(content), sha256=digest)
    except (Stopped, OSError):
        default_storage.delete(name)
        raise
