"""A file of transfers: uploaded, checked, repaired, confirmed, created as a batch; or cancelled, or forgotten.

Leased work (flipdash/leases.py), of a business one at a time. Nothing exists as a transfer until it was confirmed; then
all of the batch is made, and the draft says so, in one transaction.
"""

import hashlib
import tempfile
import uuid
from datetime import timedelta
from os import SEEK_END
from pathlib import PurePath
from shutil import copyfileobj
from typing import Any

from django.core.files import File
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import rights
from accounts.permissions import Permission
from flipdash import clock, events, orphans, rls, room, states, sweeps
from flipdash.leases import Stopped, Worker
from flipdash.numbers import next_number
from flipdash.scope import Scope
from flipdash.tables import Unreadable, shown, weigh
from transactions.bulk import asking, checking, creating, repairs, rows
from transactions.bulk.creating import ConfirmationChanged
from transactions.models import BulkDraft, BulkRow
from transactions.outgoing.refusals import NothingSends, OutgoingRefused, ShortOfMoney

Status = BulkDraft.Status
MOST_OPEN = 20
"""How many files a business may have that are being checked, wait for a person, or become a batch."""
AT_A_TIME = 20
"""How many a sweep throws away."""
DAYS_KEPT = 7
"""How long a draft waits for its confirmation."""


class CannotConfirm(OutgoingRefused):
    """The draft isn't as it was shown, or something is still to be said about it."""


class TooManyOpen(OutgoingRefused):
    """The business has so many files under way that it can't begin another."""

    def __init__(self) -> None:
        super().__init__(
            _("Your business has %d files under way. Confirm one of them or throw it away first.") % MOST_OPEN
        )


BULK = Worker(
    "bulk",
    BulkDraft,
    words=gettext_lazy("Files of transfers"),
    queue="imports",
    per="business",
    is_alone=True,
    problems={rights.NotAllowed: "not allowed"},
    related=("business", "member__user", "member__business"),
)

orphans.register("bulk", (BulkDraft, "stored_as"))
room.goes(BulkDraft, when=Q(stored_as__gt=""), until="keep_until")


# --- What people do --------------------------------------------------------------------------------------------------


def request_draft(scope: Scope, upload: UploadedFile) -> BulkDraft:
    """Keep an upload and queue its check; the same file again while it is under way gives that one.

    Raises NotAllowed, TooManyOpen, room.TooMuchStored, and flipdash.tables.Unreadable for a file that is no table.
    """
    rights.check(scope, Permission.CREATE_TRANSACTIONS)
    with tempfile.TemporaryFile() as copy:
        copyfileobj(upload, copy)
        weigh(copy)
        copy.seek(0)
        digest = hashlib.file_digest(copy, "sha256").hexdigest()
        size = copy.seek(0, SEEK_END)
        copy.seek(0)
        stored_as = default_storage.save(f"bulk/{scope.business.pk}/{uuid.uuid4().hex}", File(copy))
    draft = None
    try:
        draft = _add(scope, upload.name or "", digest, stored_as, size)
    finally:
        if draft is None or draft.stored_as != stored_as:
            default_storage.delete(stored_as)
    return draft


@transaction.atomic
def _add(scope: Scope, file_name: str, sha256: str, stored_as: str, size: int) -> BulkDraft:
    number = next_number(scope, BulkDraft)
    rights.ask_again(scope, Permission.CREATE_TRANSACTIONS)
    open_ones = BulkDraft.objects.visible_to(scope).filter(status__in=Status.open(), sha256=sha256)
    if waiting := open_ones.exclude(stored_as="", status=Status.QUEUED).first():
        return waiting
    check_room(scope)
    room.check(scope, size)
    name = shown(file_name, 180).strip("“”")
    draft = BulkDraft.objects.create(
        business_id=scope.business.pk,
        mode=scope.mode,
        number=number,
        member_id=scope.member.pk,
        name=PurePath(name).stem[:100] or name[:100],
        file_name=name,
        sha256=sha256,
        stored_as=stored_as,
        size=size,
        keep_until=clock.now() + timedelta(days=DAYS_KEPT),
    )
    events.record(scope, "batch.uploaded", draft, file=draft.file_name, sha256=draft.sha256)
    BULK.wake_on_commit()
    return draft


def check_room(scope: Scope) -> None:
    """Raise TooManyOpen unless the business may begin another file; nobody else begins one meanwhile (next_number)."""
    if BulkDraft.objects.visible_to(scope).filter(status__in=Status.open()).count() >= MOST_OPEN:
        raise TooManyOpen


def confirm(scope: Scope, draft: BulkDraft, *, seen: str, sure: bool, name_reason: str = "", name: str = "") -> bool:
    """Let a draft become a batch, once, however often and from however many pages it is confirmed.

    Returns whether this call did it. Raises CannotConfirm, ShortOfMoney (where making approves), NotAllowed.
    """
    with transaction.atomic():
        locked = rights.lock_row(scope, BulkDraft.objects.visible_to(scope), draft.pk, Permission.CREATE_TRANSACTIONS)
        if locked.status != Status.REVIEW:
            return False
        rows.mark(locked)  # what was paid since it was shown
        look = creating.look_at(scope, locked)
        if problem := look.why_not(seen, sure=sure, name_reason=name_reason):
            raise CannotConfirm(problem)
        if look.goes_at_once and look.missing:
            raise ShortOfMoney(look.short)
        facts = {"file": locked.file_name, "rows": look.count, "amount": look.amount}
        values = {
            "confirmed_by_id": scope.member.pk,
            "seen": seen,
            "is_sure": sure,
            "name_reason": name_reason,
            "name": name or locked.name,
            "attempt": 0,
            "due_at": clock.now(),
            "rows_done": 0,
            "problem": "",
            "missing": None,
        }
        states.move(locked, Status.CONFIRMED, by=scope, kind="batch.confirmed", facts=facts, **values)
        BULK.wake_on_commit()
    return True


@transaction.atomic
def ask_again(scope: Scope, draft: BulkDraft) -> bool:
    """Let the banks be asked again for what nobody could be asked; returns whether that had been given up.

    Raises NotAllowed.
    """
    locked = rights.lock_row(scope, BulkDraft.objects.visible_to(scope), draft.pk, Permission.CREATE_TRANSACTIONS)
    if locked.status != Status.REVIEW or not asking.has_failed(locked):
        return False
    asking.ask_again(locked)
    return True


def cancel(scope: Scope, draft: BulkDraft) -> bool:
    """Throw a draft away; returns whether it was still to be stopped. Its rows go with it."""
    with transaction.atomic():
        rights.ask_again(scope, Permission.CREATE_TRANSACTIONS)
        is_stopped = BULK.cancel(draft)
        if is_stopped:
            draft.rows.all().delete()
            events.record(scope, "batch.cancelled", draft, file=draft.file_name)
    return is_stopped


# --- What workers do -------------------------------------------------------------------------------------------------


@BULK.runs
def _run(draft: BulkDraft) -> None:
    """Check a file, or make the batch that was confirmed, in the words of whoever asked."""
    with (
        rls.inside_of(draft.business_id, draft.mode),
        translation.override(draft.member.user.language),
        timezone.override(draft.member.scope(draft.mode).zone),
    ):
        (_create if draft.status == Status.CREATING else _check)(draft)


def _check(draft: BulkDraft) -> None:
    rights.scope_now(draft.member_id, draft.mode, "dashboard", Permission.CREATE_TRANSACTIONS)
    draft.rows.all().delete()  # of an attempt that was killed
    try:
        with checking.upload_of(draft) as stream:
            sheet = checking.sheet_of(stream)
            _keep(draft, sheet)
    except Unreadable as problem:
        draft.rows.all().delete()
        where = str(problem.fault) if problem.fault.record > 1 else problem.fault.reason
        BULK.finish(draft, Status.FAILED, problem="file", fault=where[:300])
        return
    rows.mark(draft)
    with transaction.atomic():
        BULK.finish(draft, Status.REVIEW, notes=sheet.notes, header=sheet.header.names, version=1)
        asking.ask(draft)


def _keep(draft: BulkDraft, sheet: checking.Sheet) -> None:
    """Store the rows, some at a time, and tell how far it is."""
    some: list[dict[str, Any]] = []
    for record in sheet.records():
        some.append(record)
        if len(some) == checking.AT_ONCE:
            rows.add(draft, some)
            BULK.note(draft, rows_done=sheet.read, rows_total=max(sheet.read, sheet.rows.about or 0))
            some = []
    rows.add(draft, some)
    BULK.note(draft, rows_done=sheet.read, rows_total=sheet.read)


def _create(draft: BulkDraft) -> None:
    assert draft.confirmed_by_id is not None  # noqa: S101  (bulkdraft_creates_what_was_confirmed)
    scope = rights.scope_now(draft.confirmed_by_id, draft.mode, "dashboard", Permission.CREATE_TRANSACTIONS)
    try:
        with transaction.atomic():
            BULK.hold(draft)
            batch = creating.create(scope, draft)
            BULK.finish(draft, Status.DONE, batch_id=batch.pk)
    except ShortOfMoney as problem:
        back = {"problem": "short", "missing": problem.missing, "confirmed_by_id": None}
        BULK.finish(draft, Status.REVIEW, **back)
    except (ConfirmationChanged, NothingSends) as refused:
        why = "changed" if isinstance(refused, ConfirmationChanged) else "nothing sends"
        BULK.finish(draft, Status.REVIEW, problem=why, confirmed_by_id=None)


@BULK.tidies
def tidy() -> None:
    """Throw away drafts that nobody confirmed in time, rows of those that failed, and files that were read."""
    forgotten = BulkDraft.objects.filter(status=Status.REVIEW, keep_until__lt=Now())
    for draft in forgotten.select_related("business").order_by("?")[:AT_A_TIME]:
        with sweeps.by_itself("draft", draft.pk), rls.inside_of(draft.business_id, draft.mode), transaction.atomic():
            waits = BulkDraft.objects.filter(pk=draft.pk, status=Status.REVIEW)
            if waits.update(status=Status.CANCELLED, problem="forgotten", finished_at=Now()):
                draft.rows.all().delete()
    some = BulkRow.objects.using("operator").filter(draft=OuterRef("pk"))
    failed = BulkDraft.objects.using("operator").filter(Exists(some), status=Status.FAILED)
    for pk, business_id, mode in failed.order_by("?").values_list("pk", "business_id", "mode")[:AT_A_TIME]:
        with sweeps.by_itself("rows of draft", pk), rls.inside_of(business_id, mode):
            BulkRow.objects.filter(draft_id=pk).delete()
    over = BulkDraft.objects.exclude(status__in=(Status.QUEUED, Status.CHECKING)).exclude(stored_as="")
    for draft in over.order_by("?")[:AT_A_TIME]:
        with sweeps.by_itself("file of draft", draft.pk):
            default_storage.delete(draft.stored_as)
            BulkDraft.objects.filter(pk=draft.pk).update(stored_as="")


__all__ = ["BULK", "CannotConfirm", "Stopped", "cancel", "confirm", "repairs", "request_draft"]
