"""Bank statements: uploaded, and imported by a worker, each line once, all of a file or none (docs/top-ups.md)."""

from collections import Counter
from datetime import timedelta
from itertools import islice
from typing import BinaryIO, cast

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import connections, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from deposits.models import BankAccount, StatementImport
from deposits.statements.files import JAKARTA, Refused, in_words, read
from flipdash import clock

MOST_ATTEMPTS = 3


def request_import(*, bank: str, upload: UploadedFile, by: AbstractBaseUser, mode: str = "live") -> StatementImport:
    """Keep an uploaded statement, to be imported by a worker."""
    with transaction.atomic(using="operator"):
        stored_as = default_storage.save("statements/statement.csv", upload)
        return StatementImport.objects.using("operator").create(
            bank=bank, mode=mode, file_name=(upload.name or "")[:190], stored_as=stored_as, by_id=by.pk
        )


def is_anything_due() -> bool:
    """Return whether a statement waits, or was left by its worker."""
    left = Q(status=StatementImport.Status.RUNNING, lease_until__lt=Now())
    return StatementImport.objects.using("operator").filter(Q(status=StatementImport.Status.QUEUED) | left).exists()


def import_due() -> int:
    """Import the statements that wait, one after the other, each under a lease; returns how many lines were new."""
    added = 0
    while job := _claim():
        added += _import(job)
    return added


def _claim() -> StatementImport | None:
    """Take the lease of the next statement. One that killed its worker three times is given up."""
    rows = StatementImport.objects.using("operator")
    with transaction.atomic(using="operator"):
        left = Q(status=StatementImport.Status.RUNNING, lease_until__lt=Now())
        rows.filter(left, attempt__gte=MOST_ATTEMPTS).update(
            status=StatementImport.Status.FAILED, finished_at=Now(), problems=["–"], lease_until=None
        )
        due = rows.filter(Q(status=StatementImport.Status.QUEUED) | left)
        job = due.select_for_update(skip_locked=True).order_by("pk").first()
        if job is None:
            return None
        lease = Now() + timedelta(seconds=settings.STATEMENT_LEASE_SECONDS)
        rows.filter(pk=job.pk).update(
            status=StatementImport.Status.RUNNING, attempt=F("attempt") + 1, lease_until=lease
        )
        job.attempt += 1
    return job


def _import(job: StatementImport) -> int:
    mine = StatementImport.objects.using("operator").filter(pk=job.pk, attempt=job.attempt, status="running")
    done = {"lease_until": None, "finished_at": Now()}
    try:
        with default_storage.open(job.stored_as) as file, transaction.atomic(using="operator"):
            lines, added = store(cast(BinaryIO, file.file), job)
            if not mine.update(status=StatementImport.Status.DONE, lines=lines, added=added, **done):
                raise RuntimeError(f"statement {job.pk}: another worker has it")
    except Refused as refused:
        mine.update(
            status=StatementImport.Status.FAILED, problems=[in_words(fault) for fault in refused.faults], **done
        )
        return 0
    return added


def store(stream: BinaryIO, job: StatementImport) -> tuple[int, int]:
    """Add the lines of a file that aren't there yet; returns how many it has and how many were new.

    Call it inside a transaction: it raises Refused for a file with any fault, and then all has to be undone.
    """
    today = clock.now("operator").astimezone(JAKARTA).date()
    seen: Counter[str] = Counter()
    added = 0
    with connections["operator"].cursor() as cursor:
        # One statement of a bank at a time, so that what two files share is found by the second.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"statement/{job.mode}/{job.bank}"])
        own = BankAccount.objects.using("operator").filter(bank=job.bank).values_list("account_number", flat=True)
        lines = read(stream, job.bank, today=today, account=own.first() or "")
        while batch := list(islice(lines, BATCH)):
            rows = []
            for printed in batch:
                seen[printed.content] += 1
                rows.append((*printed.values, printed.fingerprint(seen[printed.content])))
            cursor.execute(ADD, [job.bank, job.mode, job.pk, *(list(column) for column in zip(*rows, strict=True))])
            added += cursor.rowcount
    return seen.total(), added


BATCH = 5_000  # lines
ADD = """
INSERT INTO deposits_statementline (bank, mode, statement_id, status, reason, booked_on, amount, description, sender,
    reference, balance, fingerprint)
SELECT s.bank, s.mode, s.statement_id, 'new', '', l.*
FROM (SELECT %s::text AS bank, %s::text AS mode, %s::bigint AS statement_id) AS s,
    unnest(%s::date[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[]) AS l
ON CONFLICT (mode, bank, fingerprint) DO NOTHING
"""
