"""What a draft comes to, and making the batch of it: all of its transfers in a few statements, or none."""

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from accounts import rights
from accounts.models import Business
from accounts.permissions import Permission
from deposits import ledger
from flipdash import events
from flipdash.scope import Scope
from transactions.bulk import asking, rows
from transactions.models import BulkDraft, BulkRow, MoneyTransfer, Status, TransferBatch, TransferEvent, Via
from transactions.models.base import OutgoingEventKind
from transactions.outgoing import acts, mails, many
from transactions.transfers.services import MONEY_TRANSFERS

GOOD = asking.PAID
WRONG = ~Q(wrong=[]) & Q(is_left_out=False)
TWINS = (Q(is_repeated=True) | Q(is_paid_before=True)) & Q(is_left_out=False)
NAMES = Q(name_differs=True, is_left_out=False)
LEFT_OUT = Q(is_left_out=True)
ROWS, TRANSFERS, LINES = (model._meta.db_table for model in (BulkRow, MoneyTransfer, TransferEvent))

NUMBER = f"""
    UPDATE {ROWS} SET transfer_id = next_transaction_id(now())
    WHERE draft_id = %(draft)s AND wrong = '{{}}' AND NOT is_left_out
"""  # noqa: S608  (our own constants)
ADD = f"""
    INSERT INTO {TRANSFERS} (
        id, business_id, mode, status, destination_kind, bank, account_number, beneficiary_name, holder_name,
        name_reason, beneficiary_email, amount, fee, remark, internal_reference, batch_id, via, bank_reference,
        maker_kind, maker_id, maker_name, approver_kind, approver_id, approver_name
    )
    SELECT transfer_id, business_id, mode, '{Status.PENDING_APPROVAL}', destination_kind, bank, account_number,
        beneficiary_name, holder_name,
        CASE WHEN name_differs OR holder_status IN ('', 'failed', 'pending')
            THEN coalesce(nullif(name_reason, ''), %(reason)s) ELSE '' END,
        beneficiary_email, amount, fee, remark, internal_reference, %(batch)s, '{Via.DASHBOARD}', '',
        %(maker_kind)s, %(maker_id)s, %(maker_name)s, '', NULL, ''
    FROM {ROWS} WHERE draft_id = %(draft)s AND transfer_id IS NOT NULL ORDER BY record
"""  # noqa: S608  (our own constants)
TELL = f"""
    INSERT INTO {LINES} (business_id, mode, transfer_id, kind, by_kind, by_id, by_name, note)
    SELECT business_id, mode, transfer_id, '{OutgoingEventKind.CREATED}', %(maker_kind)s, %(maker_id)s,
        %(maker_name)s, ''
    FROM {ROWS} WHERE draft_id = %(draft)s AND transfer_id IS NOT NULL ORDER BY record
"""  # noqa: S608  (our own constants)


class ConfirmationChanged(Exception):
    """What is there now isn't what was confirmed."""


@dataclass(frozen=True)
class Look:
    """What a draft comes to at this moment, in rows and rupiah."""

    rows: int
    count: int
    """Rows that would be transfers."""
    amount: int
    fee: int
    wrong: int
    twins: int
    names: int
    left_out: int
    unasked: int
    """Accounts of which no bank has said yet whose they are."""
    is_stuck: bool
    """Whether nobody asks for them any more: no bank answered, or it failed."""
    available: int
    goes_at_once: bool
    version: int
    paid_before: str
    """What stands for the transfers that the rows may pay once more; "" for none."""

    @property
    def total(self) -> int:
        """What the deposit pays."""
        return self.amount + self.fee

    @property
    def left(self) -> int:
        """What is available after it."""
        return self.available - self.total

    @property
    def missing(self) -> int:
        """What the deposit is short of."""
        return max(0, -self.left)

    @property
    def unknown(self) -> int:
        """How many accounts would be paid though no bank said whose they are."""
        return self.unasked if self.is_stuck else 0

    @property
    def short(self) -> ledger.NotEnoughDeposit:
        """How it is told that the deposit doesn't cover it."""
        return ledger.NotEnoughDeposit("available", self.available, self.total)

    @property
    def digest(self) -> str:
        """What stands for all that was shown; the balance isn't part of it."""
        counts = (self.rows, self.count, self.amount, self.fee, self.twins, self.names, self.unasked)
        return sha256(json.dumps([self.version, counts, self.paid_before, self.goes_at_once]).encode()).hexdigest()

    def why_not(self, seen: str, *, sure: bool, name_reason: str) -> str:
        """Return why it can't be confirmed so, or ""."""
        if self.digest != seen:
            return _("Something has changed since you looked. Look again, then confirm.")
        if self.wrong:
            return _("Some rows are still wrong. Repair them, or leave them out.")
        if not self.count:
            return _("No row is left to be paid.")
        if self.unasked > self.unknown:
            return _("The banks are still being asked whose accounts these are. Confirm in a moment.")
        if self.twins and not sure:
            return _("Some rows may be paid twice. Look at them, and say that they aren’t, or leave them out.")
        if self.names and not name_reason:
            return _("Some names differ from the bank’s. Correct them, or write why they are right.")
        if self.unknown and not name_reason:
            return _("No bank has said whose some of these accounts are. Ask again, or write why they are right.")
        return ""


def look_at(scope: Scope, draft: BulkDraft) -> Look:
    """Return what a draft comes to now, by the marks that its rows have."""
    # Names of their own: those of the columns would hide them from the filters behind.
    found = draft.rows.aggregate(
        n_rows=Count("pk"),
        n_count=Count("pk", filter=GOOD),
        n_amount=Coalesce(Sum("amount", filter=GOOD), 0),
        n_fee=Coalesce(Sum("fee", filter=GOOD), 0),
        n_wrong=Count("pk", filter=WRONG),
        n_twins=Count("pk", filter=TWINS & Q(wrong=[])),
        n_names=Count("pk", filter=NAMES & Q(wrong=[])),
        n_left_out=Count("pk", filter=LEFT_OUT),
        n_unasked=Count("pk", filter=GOOD & asking.UNKNOWN),
    )
    sums: dict[str, Any] = {name.removeprefix("n_"): int(value) for name, value in found.items()}
    at_once = scope.can(Permission.APPROVE_TRANSACTIONS) and not _needs_another(scope, sums["amount"])
    available = ledger.balance(scope).available
    paid = _paid_before(draft) if sums["twins"] else ""
    is_stuck = bool(sums["unasked"]) and asking.has_failed(draft)
    now: dict[str, Any] = {"available": available, "is_stuck": is_stuck, "paid_before": paid}
    return Look(**sums, **now, goes_at_once=at_once, version=draft.version)


def look_again(scope: Scope, draft: BulkDraft) -> Look:
    """Mark again what may be paid twice, unless somebody is changing the draft; return what it comes to now."""
    with transaction.atomic():
        mine = BulkDraft.objects.visible_to(scope).filter(pk=draft.pk, status=BulkDraft.Status.REVIEW)
        if mine.select_for_update(skip_locked=True).exists():
            rows.mark(draft)
    return look_at(scope, draft)


def _paid_before(draft: BulkDraft) -> str:
    """Return what stands for the transfers that the rows may pay once more, each row with its own."""
    digest = sha256()
    for record, twins in draft.rows.filter(GOOD, is_paid_before=True).order_by("record").values_list("record", "twins"):
        digest.update(f"{record}={twins} ".encode())
    return digest.hexdigest()


def _needs_another(scope: Scope, amount: int) -> bool:
    """Whether the second-person rule holds for a batch: for its sum, so that nothing gets by it in parts."""
    return Business.objects.get(pk=scope.business.pk).second_person_rule().holds_for(amount)


def create(scope: Scope, draft: BulkDraft) -> TransferBatch:
    """Make the batch of a confirmed draft, within the open transaction; who may approve it has approved it.

    Raises ConfirmationChanged, ShortOfMoney, NothingSends, NotAllowed.
    """
    acts.one_at_a_time(scope, MONEY_TRANSFERS)
    rows.mark(draft)  # what was paid since it was confirmed
    look = look_at(scope, draft)
    if look.digest != draft.seen or look.wrong:
        raise ConfirmationChanged
    batch = TransferBatch.objects.create(
        business_id=scope.business.pk, mode=scope.mode, name=draft.name, **scope.actor.columns("maker")
    )
    values: dict[str, Any] = {"draft": draft.pk, "batch": batch.pk, "reason": draft.name_reason}
    with connection.cursor() as cursor:
        for statement in (NUMBER, ADD, TELL):
            cursor.execute(statement, values | scope.actor.columns("maker"))
        made = cursor.rowcount
    if made != look.count:
        raise ConfirmationChanged
    draft.rows.filter(is_left_out=True, retry_of__isnull=False).update(retry_of=None)  # they can be tried once more
    rights.ask_again(scope, Permission.CREATE_TRANSACTIONS)
    facts = {"count": look.count, "amount": look.amount, "fee": look.fee}
    events.record(scope, "batch.created", batch, at=None, **facts)
    if look.goes_at_once:
        rights.ask_again(scope, Permission.APPROVE_TRANSACTIONS)
        transfers = MoneyTransfer.objects.visible_to(scope, searched=True).filter(batch=batch).order_by("pk")
        going = transfers.values_list("pk", "amount", "fee", "send_at", named=True)
        many.let_go_many(scope, MONEY_TRANSFERS, list(going))
        events.record(scope, MONEY_TRANSFERS.kind("approved_many"), batch, at=None, **facts)
    else:
        mails.tell_approvers_of_batch(scope, batch, count=look.count, amount=look.amount)
    return batch
