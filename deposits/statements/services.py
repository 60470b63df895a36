"""Bank statements: uploaded, and imported by a worker, each line once, all of a file or none (docs/top-ups.md)."""

from collections import Counter
from itertools import islice
from typing import BinaryIO, cast

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import connections, transaction

from deposits.models import BankAccount, StatementImport
from deposits.statements.files import JAKARTA, Refused, in_words, read
from flipdash import clock, db
from flipdash.leases import Worker

STATEMENTS = Worker("statements", StatementImport, queue="imports", using="operator")


def request_import(*, bank: str, upload: UploadedFile, by: AbstractBaseUser, mode: str = "live") -> StatementImport:
    """Keep an uploaded statement, to be imported by a worker."""
    with transaction.atomic(using="operator"):
        stored_as = default_storage.save("statements/statement.csv", upload)
        STATEMENTS.wake_on_commit()
        return StatementImport.objects.using("operator").create(
            bank=bank, mode=mode, file_name=(upload.name or "")[:190], stored_as=stored_as, by_id=by.pk
        )


@STATEMENTS.runs
def _import(job: StatementImport) -> None:
    """Import a statement; its lines are there, and the row says so, at once."""
    try:
        with default_storage.open(job.stored_as) as file, transaction.atomic(using="operator"):
            lines, added = store(cast(BinaryIO, file.file), job)
            STATEMENTS.finish(job, StatementImport.Status.DONE, lines=lines, added=added)
    except Refused as refused:
        problems = [in_words(fault) for fault in refused.faults]
        STATEMENTS.finish(job, StatementImport.Status.FAILED, problem="faults", problems=problems)


def store(stream: BinaryIO, job: StatementImport) -> tuple[int, int]:
    """Add the lines of a file that aren't there yet; returns how many it has and how many were new.

    Call it inside a transaction: it raises Refused for a file with any fault, and then all has to be undone.
    """
    today = clock.now("operator").astimezone(JAKARTA).date()
    seen: Counter[str] = Counter()
    added = 0
    with connections["operator"].cursor() as cursor:
        # One statement of a bank at a time, so that what two files share is found by the second.
        db.lock(f"statement/{job.mode}/{job.bank}", using="operator")
        own = BankAccount.objects.using("operator").filter(bank=job.bank).values_list("account_number", flat=True)
        lines = read(stream, job.bank, today=today, account=own.first() or "")
        while batch := list(islice(lines, BATCH)):
            rows = []
            for parsed in batch:
                seen[parsed.content] += 1
                rows.append((*parsed.values, parsed.fingerprint(seen[parsed.content])))
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
