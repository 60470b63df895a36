"""Bank statements: uploaded, and imported by a worker, each line once, all of a file or none (docs/top-ups.md)."""

import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import Any, BinaryIO, cast

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import connections, transaction
from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import operators
from accounts.models import User
from deposits.models import BankAccount, StatementImport, StatementLayout, StatementLine
from deposits.statements import progress
from deposits.statements.declaration import Declaration, NoDeclaration
from deposits.statements.files import JAKARTA, Refused, Statement, in_words, open_statement
from deposits.statements.lines import ParsedLine
from flipdash import clock, db, money, states
from flipdash.leases import Worker
from flipdash.tables import Fault

STATEMENTS = Worker(
    "statements",
    StatementImport,
    queue="imports",
    using="operator",
    words=gettext_lazy("Bank statements"),
    most_failed=5,
)

Status = StatementImport.Status


def request_import(*, bank: str, upload: UploadedFile, by: AbstractBaseUser, mode: str = "live") -> StatementImport:
    """Keep an uploaded statement, to be imported by a worker; `bank` is "" where the file has to say it."""
    with transaction.atomic(using="operator"):
        # A name of its own: only a disk can say that one isn't taken at the same moment.
        stored_as = default_storage.save(f"statements/{uuid.uuid4().hex}.csv", upload)
        STATEMENTS.wake_on_commit()
        return StatementImport.objects.using("operator").create(
            bank=bank, mode=mode, file_name=(upload.name or "")[:190], stored_as=stored_as, by_id=by.pk
        )


class NotHeld(Exception):
    """The statement doesn't wait for anybody's word any more."""


def decide(job: StatementImport, *, by: User, is_accepted: bool) -> None:
    """Import a statement that doesn't add up all the same, or leave it. Raises NotHeld."""
    with transaction.atomic(using="operator"):
        operators.ask_again(by, using="operator")
        rows = StatementImport.objects.using("operator").select_for_update()
        held = rows.filter(pk=job.pk, status=Status.HELD).first()
        if held is None:
            raise NotHeld
        if is_accepted:
            states.step(held, Status.QUEUED, accepted_by_id=by.pk, attempt=0, due_at=clock.now("operator"))
            STATEMENTS.wake_on_commit()
        else:
            states.step(held, Status.FAILED, problem="declined", finished_at=clock.now("operator"))


@STATEMENTS.runs
def _import(job: StatementImport) -> None:
    """Import a statement; its lines are there, and the row says so, at once."""
    try:
        with default_storage.open(job.stored_as) as file, transaction.atomic(using="operator"):
            stored = store(cast(BinaryIO, file.file), job)
            if stored.doubts and not job.accepted_by_id:
                raise _Held(stored)
            STATEMENTS.finish(job, Status.DONE, added=stored.added, **stored.values)
    except _Held as held:
        STATEMENTS.finish(job, Status.HELD, **held.stored.values)
    except Refused as refused:
        problems = [in_words(fault) for fault in refused.faults]
        STATEMENTS.finish(job, Status.FAILED, problem="faults", problems=problems)


@dataclass(frozen=True)
class Stored:
    """What came of a file: its lines, how many were new, and what it says."""

    bank: str
    layout: str
    lines: int
    added: int
    pending: int
    skipped: int
    doubts: list[str]

    @property
    def values(self) -> dict[str, Any]:
        """What the row of the import keeps of it."""
        names = ("bank", "layout", "lines", "pending", "skipped", "doubts")
        return {name: getattr(self, name) for name in names}


class _Held(Exception):
    """What was read doesn't add up; nothing of it stays."""

    def __init__(self, stored: Stored) -> None:
        self.stored = stored


def declared() -> list[Declaration]:
    """Return the layouts that people have declared; one that can't be read any more is passed over."""
    found = []
    for layout in StatementLayout.objects.using("operator").order_by("pk"):
        try:
            found.append(Declaration.from_data(layout.declaration))
        except NoDeclaration:
            continue
    return found


def store(stream: BinaryIO, job: StatementImport) -> Stored:
    """Add the lines of a file that aren't there yet.

    Call it inside a transaction: it raises Refused for a file with any fault, and then all has to be undone.
    """
    today = clock.now("operator").astimezone(JAKARTA).date()
    accounts = dict(BankAccount.objects.using("operator").values_list("bank", "account_number"))
    with TemporaryFile() as copy:  # which two processes may read, wherever it is stored
        copyfileobj(stream, copy)
        with open_statement(copy, job.bank, today=today, accounts=accounts, stored=declared()) as statement:
            # One statement of a bank at a time, so that what two files share is found by the second.
            db.lock(f"statement/{job.mode}/{statement.bank}", using="operator")
            lines, added, first = _add(statement, job)
    said = statement.said
    if not statement.names_account and not job.bank:
        raise Refused([Fault(1, 1, "", _("the file names no account; choose the bank whose account it is of"))])
    doubts = list(said.doubts)
    if first and said.opening is not None and not _follows(job, statement, first, said.opening):
        words = _(
            "The statement begins with %s, and no imported line of this account ended with that: "
            "lines may be missing, or it is another account’s."
        )
        doubts.append(words % money.with_sen(said.opening))
    return Stored(statement.bank, statement.channel, lines, added, said.pending, said.skipped, doubts)


def _add(statement: Statement, job: StatementImport) -> tuple[int, int, tuple[date, str] | None]:
    """Add the lines batch by batch; return how many there are, how many were new, and the first's day and name."""
    seen: Counter[str] = Counter()
    lines = statement.lines()
    elsewhere = _Elsewhere(job, statement)
    first: tuple[date, str] | None = None
    added = 0
    with connections["operator"].cursor() as cursor:
        while batch := list(islice(lines, BATCH)):
            elsewhere.look(batch)
            rows = []
            for parsed in batch:
                seen[parsed.identity] += 1
                name = parsed.fingerprint(statement.account, seen[parsed.identity])
                first = first or (parsed.booked_on, name)
                if not elsewhere.has(parsed):
                    rows.append((*(getattr(parsed, column) for column in COLUMNS), name))
            if rows:
                columns = [list(column) for column in zip(*rows, strict=True)]
                cursor.execute(ADD, [statement.bank, job.mode, job.pk, statement.account, *columns])
                added += cursor.rowcount
            progress.note(job, seen.total())
    return seen.total(), added, first


class _Elsewhere:
    """The lines of the same account that another channel brought, which names them otherwise.

    What has a balance and what has none are told apart by their names only; as many of a day and an amount as are
    there already aren't added again.
    """

    def __init__(self, job: StatementImport, statement: Statement) -> None:
        rows = StatementLine.objects.using("operator").filter(
            mode=job.mode, bank=statement.bank, account=statement.account
        )
        self._rows = rows.exclude(statement_id=job.pk).exclude(account="")
        self._days: set[date] = set()
        self._left: Counter[tuple[bool, date, Decimal]] = Counter()

    def look(self, batch: list[ParsedLine]) -> None:
        """Count what is there of the days of some lines."""
        days = {parsed.booked_on for parsed in batch} - self._days
        self._days |= days
        has_balance = Q(balance__isnull=False)
        rows = self._rows.filter(booked_on__in=days).annotate(has=has_balance).values_list("has", "booked_on", "amount")
        for with_balance, day, amount, count in rows.annotate(n=Count("pk")).order_by():
            self._left[with_balance, day, amount] += count

    def has(self, parsed: ParsedLine) -> bool:
        """Whether the line is there by another channel; it is then counted off."""
        key = (parsed.balance is None, parsed.booked_on, parsed.amount)
        if self._left[key] <= 0:
            return False
        self._left[key] -= 1
        return True


def _follows(job: StatementImport, statement: Statement, first: tuple[date, str], opening: Decimal) -> bool:
    """Whether a file begins where something that was imported before ends, or with a line that is there already."""
    day, name = first
    rows = StatementLine.objects.using("operator").filter(mode=job.mode, bank=statement.bank, account=statement.account)
    known = rows.exclude(statement_id=job.pk).exclude(balance=None)
    if not known.exists() or known.filter(fingerprint=name).exists():
        return True
    return known.filter(booked_on__range=(day - LOOK_BACK, day), balance=opening).exists()


LOOK_BACK = timedelta(days=60)
"""So long an account may rest between two lines."""
COLUMNS = (
    *("booked_on", "booked_at", "paid_on", "amount", "description", "sender", "sender_bank", "reference", "balance"),
)
BATCH = 5_000  # lines
ADD = """
INSERT INTO deposits_statementline (bank, mode, statement_id, account, status, reason, booked_on, booked_at, paid_on,
    amount, description, sender, sender_bank, reference, balance, fingerprint)
SELECT s.bank, s.mode, s.statement_id, s.account, 'new', '', l.*
FROM (SELECT %s::text AS bank, %s::text AS mode, %s::bigint AS statement_id, %s::text AS account) AS s,
    unnest(%s::date[], %s::time[], %s::date[], %s::numeric[], %s::text[], %s::text[], %s::text[], %s::text[],
        %s::numeric[], %s::text[]) AS l
ON CONFLICT (mode, bank, fingerprint) DO NOTHING
"""
