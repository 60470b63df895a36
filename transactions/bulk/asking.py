"""Whose accounts a draft pays: asked of the rail in the background, so many at a time, while somebody looks at it."""

import json
from collections import Counter
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q, TextField
from django.db.models.functions import MD5, Cast, Now
from django.utils.translation import gettext_lazy

from flipdash import rls
from flipdash.leases import Worker
from flipdash.scope import Scope
from transactions.bulk.rows import TABLE
from transactions.models import BulkDraft, BulkNames
from transactions.rails import Holder, HolderStatus, NoRail, RailProblem
from transactions.transfers import names, services

AT_ONCE = 200
"""Accounts that are asked for in one turn."""
PACE = timedelta(seconds=1)
"""From one turn to the next, so that a file doesn't take all of a rail."""
REFUSED = (HolderStatus.NOT_FOUND, HolderStatus.CLOSED, HolderStatus.BLACKLISTED)
"""What the bank says of an account that can't be paid."""
SILENT = (HolderStatus.PENDING, HolderStatus.FAILED)
"""What is no answer: it was asked, and nobody knows whose account it is."""
PAID = Q(wrong=[], is_left_out=False)
"""The rows that would be transfers."""
UNKNOWN = Q(holder_status__in=("", *map(str, SILENT)))
"""The rows of which no bank has said whose account it is."""
MOST_ROUNDS = 3
"""How often what isn't answered is asked for until a person decides."""
PAUSE = timedelta(seconds=15)
"""From one round to the next; twice as long before the last."""
MOST_SILENT = 5
"""Accounts in a row of which a bank said nothing: the others at it come first in the next round."""
MORE_SILENT = 4
"""So many times more of them in each further round, where the bank was reached and it may be only these accounts."""

NAMES = Worker(
    "bulk names",
    BulkNames,
    queue="imports",
    per="business",
    related=("business", "draft"),
    words=gettext_lazy("Names to ask the banks for"),
)
WRITE = f"""
    UPDATE {TABLE} r SET holder_status = n.status, holder_name = n.name, name_differs = n.differs,
        tries = tries + CASE WHEN n.asked THEN 1 ELSE 0 END,
        wrong = CASE WHEN n.refused AND NOT 'account_number' = ANY(r.wrong)
            THEN r.wrong || ARRAY['account_number']::varchar(20)[] ELSE r.wrong END
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS n (
        id bigint, bank text, account_number text, beneficiary_name text, status text, name text, differs boolean,
        refused boolean, asked boolean
    )
    WHERE r.draft_id = %(draft)s AND r.id = n.id
        AND (r.bank, r.account_number, r.beneficiary_name) = (n.bank, n.account_number, n.beneficiary_name)
"""  # noqa: S608  (our own constants)


def ask(draft: BulkDraft) -> None:
    """Let the banks be asked for the accounts of a draft that nobody has asked for; within the open transaction.

    What was given up stays so, unless there are new ones: then the banks are asked for all that is unknown.
    """
    BulkNames.objects.get_or_create(draft=draft, business_id=draft.business_id, mode=draft.mode)
    is_over = Q(status=BulkNames.Status.DONE)
    if draft.rows.filter(PAID, holder_status="").exists():
        is_over |= Q(status=BulkNames.Status.FAILED)
    elif not draft.rows.filter(PAID, UNKNOWN).exists():
        return
    over = BulkNames.objects.filter(is_over, draft=draft)
    again = {"finished_at": None, "due_at": Now(), "attempt": 0, "rounds": 0, "problem": ""}
    over.update(status=BulkNames.Status.QUEUED, **again)
    NAMES.wake_on_commit()


def ask_again(draft: BulkDraft) -> None:
    """Let the banks be asked once more for all that nobody has answered; within the open transaction."""
    draft.rows.filter(PAID, holder_status__in=SILENT).update(holder_status="")
    ask(draft)


def has_failed(draft: BulkDraft) -> bool:
    """Return whether asking was given up: a person asks again, or goes on without."""
    return BulkNames.objects.filter(draft=draft, status=BulkNames.Status.FAILED).exists()


@NAMES.runs
def _work(work: BulkNames) -> None:
    """Ask for some accounts; then wait a moment, ask once more for what nobody answered, or be done."""
    draft = work.draft
    with rls.inside_of(work.business_id, work.mode):
        if draft.status == BulkDraft.Status.REVIEW and (rows := _unasked(draft)):
            _ask_for(Scope.by_itself(work.business, work.mode), draft, rows, Silences(work.rounds))
            NAMES.finish(work, BulkNames.Status.QUEUED, due_at=Now() + PACE, attempt=0)
        else:
            _go_on(work)


def _go_on(work: BulkNames) -> None:
    """Begin another round, or be done, as the draft is while nobody repairs it."""
    with transaction.atomic():
        draft = BulkDraft.objects.select_for_update().get(pk=work.draft_id)
        silent = draft.rows.filter(PAID, holder_status__in=SILENT)
        if draft.status != BulkDraft.Status.REVIEW:
            NAMES.finish(work, BulkNames.Status.DONE)
        elif draft.rows.filter(PAID, holder_status="").exists():  # a repair came in between
            NAMES.finish(work, BulkNames.Status.QUEUED, due_at=Now() + PACE, attempt=0)
        elif not silent.exists():
            NAMES.finish(work, BulkNames.Status.DONE)
        elif work.rounds + 1 == MOST_ROUNDS:
            NAMES.finish(work, BulkNames.Status.FAILED, problem="silent")
        else:
            silent.update(holder_status="")
            later = {"due_at": Now() + PAUSE * 2**work.rounds, "attempt": 0, "rounds": work.rounds + 1}
            NAMES.finish(work, BulkNames.Status.QUEUED, **later)


def _unasked(draft: BulkDraft) -> list[dict[str, Any]]:
    """Return some rows to ask for: first what was asked for least, so that a few without an answer hold up nobody.

    Beyond that from all over the file, for those without an answer often stand together.
    """
    rows = draft.rows.filter(PAID, holder_status="").order_by("tries", MD5(Cast("pk", TextField())))
    return [dict(row) for row in rows.values("id", "bank", "account_number", "beneficiary_name")[:AT_ONCE]]


class Silences:
    """Which banks aren't worth another question in this turn."""

    def __init__(self, rounds: int) -> None:
        self.most = MOST_SILENT * MORE_SILENT**rounds
        self.silent: Counter[str] = Counter()
        """Accounts in a row of which each bank said nothing."""
        self.unreached: Counter[str] = Counter()
        """Those of them for which it wasn't even reached: each of these may take a time-out."""

    @property
    def banks(self) -> list[str]:
        """Those that have said nothing so often."""
        return [bank for bank in self.silent if self.is_over(bank)]

    def is_over(self, bank: str) -> bool:
        """Whether a bank isn't asked any more."""
        return self.silent[bank] >= self.most or self.unreached[bank] >= MOST_SILENT

    def note(self, bank: str, *, is_silent: bool, is_reached: bool = True) -> None:
        """Note what came of a question."""
        self.silent[bank] = self.silent[bank] + 1 if is_silent else 0
        self.unreached[bank] = 0 if is_reached else self.unreached[bank] + 1


def _ask_for(scope: Scope, draft: BulkDraft, rows: list[dict[str, Any]], silences: Silences) -> None:
    """Ask for each account once, and write what the bank said beside each row as it still is."""
    said: dict[tuple[str, str], Holder | None] = {}
    for row in rows:
        account = (row["bank"], row["account_number"])
        if account not in said:
            said[account] = _look_up(scope, *account, silences)
        row["asked"] = said[account] is not None
        holder = said[account] or Holder(HolderStatus.FAILED)
        name = holder.name[:100]
        row |= {"status": str(holder.status), "name": name, "refused": holder.status in REFUSED}
        row["differs"] = bool(name) and not names.is_same(row["beneficiary_name"], name)
    is_seen = any(row["differs"] or row["refused"] for row in rows)
    with transaction.atomic():
        locked = BulkDraft.objects.select_for_update().get(pk=draft.pk)
        if locked.status != BulkDraft.Status.REVIEW:
            return
        with connection.cursor() as cursor:
            cursor.execute(WRITE, {"rows": json.dumps(rows), "draft": draft.pk})
        if banks := silences.banks:
            rest = draft.rows.filter(PAID, holder_status="", bank__in=banks)
            rest.update(holder_status=str(HolderStatus.FAILED))
        if is_seen:
            BulkDraft.objects.filter(pk=draft.pk).update(version=F("version") + 1)


def _look_up(scope: Scope, bank: str, account_number: str, silences: Silences) -> Holder | None:
    """Ask for one account; None where its bank has said nothing so often in a row. That it looks is an answer."""
    if silences.is_over(bank):
        return None
    try:
        holder = services.inquire(scope, bank, account_number)
    except (RailProblem, NoRail):
        silences.note(bank, is_silent=True, is_reached=False)
        return Holder(HolderStatus.FAILED)
    silences.note(bank, is_silent=holder.status == HolderStatus.FAILED)
    return holder


def why_refused(status: str) -> str:
    """Return in words why the bank can't pay an account, by what it said of it."""
    try:
        services.check_holder(Holder(HolderStatus(status)))
    except services.AccountRefused as problem:
        return str(problem)
    return ""
