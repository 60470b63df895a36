"""Series run: each of their days brings one transfer, once, whoever looks at the same time and whatever is killed.

A day that has come is a row, `SeriesRun`, made together with the series' next day; a worker makes its transfer. The
transfer itself says which day of which series it is, and the database takes that once.

Nothing is made in the name of somebody who may no longer create, and nothing is let go by an approval of somebody who
may no longer approve (trust.md Q2): the series pauses and says so. What can't be let go for another reason is made,
and waits for an approver like any other.
"""

import logging
from dataclasses import dataclass
from datetime import date

from django.db import DatabaseError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts import rights
from accounts.permissions import Permission
from flipdash import rls, states
from flipdash.leases import Worker
from flipdash.scope import Scope
from transactions.models import MoneyTransfer, SeriesRun, TransferSeries, Via
from transactions.models import Status as TransferStatus
from transactions.models.series import PausedWhy
from transactions.outgoing import acts
from transactions.outgoing.refusals import NothingSends, OutgoingRefused, ShortOfMoney
from transactions.transfers import accounts as rules
from transactions.transfers import services as transfers
from transactions.transfers.series import dates, mails, services
from transactions.transfers.services import MONEY_TRANSFERS, Draft

log = logging.getLogger(__name__)
USING = "operator"
AT_A_TIME = 100
VIA = "series"
"""As the Activity Log calls what a series does for somebody."""
Status = TransferSeries.Status
RUNS = Worker("series", SeriesRun, per="business", using=USING)


# --- Its day has come --------------------------------------------------------------------------------------------


def queue_due() -> int:
    """Let the days that have come be made; returns how many. What was missed comes day by day, each once."""
    due = TransferSeries.objects.using(USING).filter(status=Status.ACTIVE, next_at__lte=Now()).order_by("next_at")
    found = list(due.values_list("pk", "business_id", "mode")[:AT_A_TIME])
    queued = sum(_queued(*one) for one in found)
    if queued:
        RUNS.wake()
    return queued


def _queued(pk: int, business_id: int, mode: str) -> bool:
    """Note the next day of one series, if it is still due and nobody else has it, and go to the day after."""
    try:
        with rls.inside_of(business_id, mode), transaction.atomic():
            rows = TransferSeries.objects.filter(pk=pk, status=Status.ACTIVE, next_at__lte=Now())
            series = rows.select_for_update(skip_locked=True, of=("self",)).select_related("business").first()
            if series is None:
                return False
            SeriesRun.objects.create(business_id=business_id, mode=mode, series=series, day=series.next_day)
            _go_on(series)
    except DatabaseError:
        log.exception("series %s: its day isn't made, and tried again", pk)
        return False
    return True


def _go_on(series: TransferSeries) -> None:
    following = dates.day_after(series.first_day, series.repeats, series.next_day)
    if following > series.last_day:
        itself = Scope.by_itself(series.business, series.mode)
        states.move(series, Status.ENDED, by=itself, kind="series.ended", facts=services.facts_of(series))
        return
    series.next_day = following
    is_once = series.business.series_approved_once
    series.next_at = services.next_at(series, series.business.time_zone, is_once=is_once)
    series.save(update_fields=["next_day", "next_at"])


# --- Its transfer is made ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """Whether the transfer of a day was made; `problem` says why not, or why it waits: of SeriesRun.PROBLEMS."""

    is_made: bool
    problem: str = ""


@RUNS.runs
def _run(run: SeriesRun) -> None:
    with rls.inside_of(run.business_id, run.mode):
        with transaction.atomic():
            outcome = _make(run.series_id, run.day)
        status = SeriesRun.Status.DONE if outcome.is_made else SeriesRun.Status.FAILED
        RUNS.finish(run, status, problem=outcome.problem)


def _make(series_id: int, day: date) -> Outcome:
    """Make the transfer of a day, and let it go if its series was approved; within the open transaction."""
    rows = TransferSeries.objects.select_related("business")
    series = rows.get(pk=series_id)
    acts.one_at_a_time(Scope.by_itself(series.business, series.mode), MONEY_TRANSFERS)
    series = rows.select_for_update(of=("self",)).get(pk=series_id)
    if MoneyTransfer.objects.filter(series=series, series_day=day).exists():
        return Outcome(is_made=True)  # by a worker that was killed before it could say so
    if series.status in (Status.PAUSED, Status.STOPPED):
        why = series.paused_why
        return Outcome(is_made=False, problem="stopped" if why in ("", PausedWhy.PERSON) else why)
    if (maker := _still(series, "maker", Permission.CREATE_TRANSACTIONS)) is None:
        return _paused(series, PausedWhy.MAKER)
    approver = None
    if series.approver_kind and series.business.series_approved_once:
        if (approver := _still(series, "approver", Permission.APPROVE_TRANSACTIONS)) is None:
            return _paused(series, PausedWhy.APPROVER)
        if not acts.may_approve(approver, series):
            return _paused(series, PausedWhy.RULE)
    try:
        transfer = _add(maker, series, day)
    except (rules.WrongAccount, rules.WrongAmount, OutgoingRefused):
        return Outcome(is_made=False, problem="refused")
    problem = _let_go(approver, series, transfer) if approver else ""
    if transfer.status == TransferStatus.PENDING_APPROVAL:
        mails.tell_of_day(maker, transfer, problem)
    return Outcome(is_made=True, problem=problem)


def _still(series: TransferSeries, who: str, permission: Permission) -> Scope | None:
    """Return the scope of who made or approved a series, as it is at this moment; None where they may no longer."""
    try:
        return rights.scope_now(getattr(series, f"{who}_id"), series.mode, VIA, permission)
    except rights.NotAllowed:
        return None


def _paused(series: TransferSeries, why: PausedWhy) -> Outcome:
    """Pause a locked series; what has ended with this day has nothing to be paused."""
    if series.status == Status.ACTIVE:
        itself = Scope.by_itself(series.business, series.mode)
        states.move(series, Status.PAUSED, by=itself, kind="series.paused", paused_why=why)
    return Outcome(is_made=False, problem=str(why))


def _add(maker: Scope, series: TransferSeries, day: date) -> MoneyTransfer:
    """Make the transfer of a day, sent on it; of one that is late, as soon as it is approved."""
    is_to_come = day > maker.now().astimezone(maker.zone).date()
    draft = Draft(
        kind=series.destination_kind,
        bank=series.bank,
        account_number=series.account_number,
        amount=series.amount,
        beneficiary_name=series.beneficiary_name,
        holder_name=series.holder_name,
        name_reason=series.name_reason,
        beneficiary_email=series.beneficiary_email,
        remark=series.remark,
        internal_reference=series.internal_reference,
        send_on=day if is_to_come else None,
        is_sure=True,
    )
    transfers.check_draft(maker, draft)
    return transfers.add(maker, draft, via=Via.DASHBOARD, series=series, series_day=day)


def _let_go(approver: Scope, series: TransferSeries, transfer: MoneyTransfer) -> str:
    """Let a transfer go by the approval of its series; returns why it has to wait for one of its own, or ""."""
    if transfer.fee != series.fee:
        return "fee"
    if MONEY_TRANSFERS.duplicates(approver, transfer):
        return "twice"
    try:
        with transaction.atomic():
            acts.let_go(approver, MONEY_TRANSFERS, transfer, note=_("Approved once, for all of its series"))
    except ShortOfMoney:
        return "short"
    except NothingSends:
        return "nothing sends"
    return ""


# --- Besides -----------------------------------------------------------------------------------------------------


@RUNS.tidies
def tidy() -> None:
    """Let what has come be made, and tell makers of what could not."""
    queue_due()
    untold = SeriesRun.objects.using(USING).filter(status=SeriesRun.Status.FAILED, told_at=None)
    for pk, business_id, mode in list(untold.values_list("pk", "business_id", "mode")[:AT_A_TIME]):
        with rls.inside_of(business_id, mode), transaction.atomic():
            rows = SeriesRun.objects.filter(pk=pk, told_at=None).select_related("series__business")
            if run := rows.select_for_update(skip_locked=True, of=("self",)).first():
                mails.tell_of_failure(run)
                SeriesRun.objects.filter(pk=pk).update(told_at=Now())
