"""Series run: each of their days brings one transfer, once, whoever looks at the same time and whatever is killed.

A day that has come is a row, `SeriesRun`, made together with the series' next day; a worker makes its transfer. The
transfer itself says which day of which series it is, and the database takes that once.

Nothing is made in the name of somebody who may no longer create, and nothing is let go by an approval of somebody who
may no longer approve (trust.md Q2): the series pauses and says so. What can't be let go for another reason is made,
and waits for an approver like any other.
"""

from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts import rights
from accounts.permissions import Permission
from flipdash import clock, notes, rls, states, sweeps
from flipdash.leases import Stopped, Worker
from flipdash.scope import Scope
from transactions.models import MoneyTransfer, SeriesRun, TransferSeries, Via
from transactions.models import Status as TransferStatus
from transactions.models.series import PausedWhy
from transactions.outgoing import acts
from transactions.outgoing.refusals import NothingSends, OutgoingRefused, ShortOfMoney
from transactions.rails import Holder
from transactions.transfers import accounts as rules
from transactions.transfers import names
from transactions.transfers import services as transfers
from transactions.transfers.series import dates, look, mails, services
from transactions.transfers.services import MONEY_TRANSFERS, Draft

USING = "operator"
AT_A_TIME = 100
VIA = "series"
APPROVED_ONCE = notes.declare("note:approved-once", _("Approved once, for all of its series"))
OTHER_NAME = notes.declare("note:other-name", _("The bank has another name than before"))
"""As the Activity Log calls what a series does for somebody."""
Status = TransferSeries.Status
RUNS = Worker("series", SeriesRun, per="business", using=USING)


# --- Its day has come --------------------------------------------------------------------------------------------


def due() -> QuerySet[TransferSeries]:
    """Return the series of which a day has come."""
    return TransferSeries.objects.using(USING).filter(status=Status.ACTIVE, next_at__lte=Now())


def untold() -> QuerySet[SeriesRun]:
    """Return the days that could not be made, of which nobody was told yet."""
    return SeriesRun.objects.using(USING).filter(status=SeriesRun.Status.FAILED, told_at=None)


def queue_due() -> int:
    """Let the days that have come be made; returns how many. What was missed comes day by day, each once."""
    found = list(due().order_by("?").values_list("pk", "business_id", "mode")[:AT_A_TIME])
    queued = sum(_queued(*one) for one in found)
    if queued:
        RUNS.wake()
    return queued


def _queued(pk: int, business_id: int, mode: str) -> bool:
    """Note the next day of one series, if it is still due and nobody else has it, and go to the day after."""
    is_queued = False
    with sweeps.by_itself("series", pk), rls.inside_of(business_id, mode), transaction.atomic():
        rows = TransferSeries.objects.filter(pk=pk, status=Status.ACTIVE, next_at__lte=Now())
        series = rows.select_for_update(skip_locked=True, of=("self",)).select_related("business").first()
        if series is not None:
            _note(series)
            _go_on(series)
            is_queued = True
    return is_queued


def _note(series: TransferSeries) -> None:
    """Let a worker have the next day of a locked series; one that the series stood still for has it once more."""
    known = {"business_id": series.business_id, "mode": series.mode}
    run, is_new = SeriesRun.objects.get_or_create(series=series, day=series.next_day, defaults=known)
    if not is_new:
        held = SeriesRun.objects.filter(pk=run.pk, status=SeriesRun.Status.FAILED, problem__in=SeriesRun.HELD)
        again = {"attempt": 0, "problem": "", "due_at": Now(), "finished_at": None, "told_at": None}
        held.update(status=SeriesRun.Status.QUEUED, **again)


def _go_on(series: TransferSeries) -> None:
    """Go to the day after; after its last a series has ended once that is made."""
    following = dates.day_after(series.first_day, series.repeats, series.next_day)
    if following > series.last_day:
        series.next_at = None
    else:
        series.next_day = following
        is_once = series.business.series_approved_once
        series.next_at = services.next_at(series, series.business.time_zone, is_once=is_once)
    series.save(update_fields=["next_day", "next_at"])


def _end(series: TransferSeries) -> None:
    """End a locked series whose last day has been made, or can't be."""
    if series.status == Status.ACTIVE and series.next_at is None and not services.is_being_made(series):
        itself = Scope.by_itself(series.business, series.mode)
        states.move(series, Status.ENDED, by=itself, kind="series.ended", facts=services.facts_of(series))


# --- Its transfer is made ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """Whether the transfer of a day was made; `problem` says why not, or why it waits: of SeriesRun.PROBLEMS."""

    is_made: bool
    problem: str = ""


@RUNS.runs
def _run(run: SeriesRun) -> None:
    """Ask the bank whose account it is by now; then make the transfer of a day, and say so, in one transaction."""
    with rls.inside_of(run.business_id, run.mode):
        paid = TransferSeries.objects.select_related("business").get(pk=run.series_id)
        scope = Scope.by_itself(paid.business, paid.mode)
        holder = transfers.look_up(scope, paid.bank, paid.account_number)  # may take long: nothing is locked yet
        with transaction.atomic():
            _work(run, scope, holder)


def _work(run: SeriesRun, scope: Scope, holder: Holder) -> None:
    acts.one_at_a_time(scope, MONEY_TRANSFERS)
    rows = TransferSeries.objects.select_related("business").select_for_update(of=("self",))
    series = rows.get(pk=run.series_id)
    mine = SeriesRun.objects.filter(pk=run.pk, attempt=run.attempt, status=run.status)
    if not mine.select_for_update().exists():
        raise Stopped
    outcome = _make(series, run.day, holder)
    status = SeriesRun.Status.DONE if outcome.is_made else SeriesRun.Status.FAILED
    mine.update(status=status, problem=outcome.problem, lease_until=None, finished_at=Now())
    _end(series)


def _make(series: TransferSeries, day: date, holder: Holder) -> Outcome:
    """Make the transfer of a day, and let it go if its series was approved for it; `holder` is whose account it is."""
    if MoneyTransfer.objects.filter(series=series, series_day=day).exists():
        return Outcome(is_made=True)
    if series.status in (Status.PAUSED, Status.STOPPED):
        why = series.paused_why
        return Outcome(is_made=False, problem="stopped" if why in ("", PausedWhy.PERSON) else why)
    if (maker := _still(series, "maker", Permission.CREATE_TRANSACTIONS)) is None:
        return _paused(series, PausedWhy.MAKER)
    approver = None
    if series.business.series_approved_once and series.approved_from and day >= series.approved_from:
        if (approver := _still(series, "approver", Permission.APPROVE_TRANSACTIONS)) is None:
            return _paused(series, PausedWhy.APPROVER)
        if not acts.may_approve(approver, series):
            return _paused(series, PausedWhy.RULE)
    try:
        transfers.check_holder(holder)
        transfer = _add(maker, series, day, holder)
    except transfers.AccountRefused:
        return Outcome(is_made=False, problem="account")
    except (rules.WrongAccount, rules.WrongAmount, OutgoingRefused):
        return Outcome(is_made=False, problem="refused")
    problem = _let_go(approver, series, transfer, holder) if approver else ""
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
    """Pause a locked series: its day is made when it is resumed in time. Where all of it is past, it ends."""
    if series.next_at is None and dates.moment(series.next_day, series.business.time_zone) <= clock.now():
        return Outcome(is_made=False, problem=str(why))
    itself = Scope.by_itself(series.business, series.mode)
    states.move(series, Status.PAUSED, by=itself, kind="series.paused", paused_why=why)
    return Outcome(is_made=False, problem=str(why))


def _add(maker: Scope, series: TransferSeries, day: date, holder: Holder) -> MoneyTransfer:
    """Make the transfer of a day, sent on it; of one that is late, as soon as it is approved."""
    is_to_come = day > maker.now().astimezone(maker.zone).date()
    is_other = is_anothers(series, holder)
    draft = Draft(
        kind=series.destination_kind,
        bank=series.bank,
        account_number=series.account_number,
        amount=series.amount,
        beneficiary_name=series.beneficiary_name,
        holder_name=holder.name[:100] if is_other else series.holder_name,
        is_unanswered=bool(series.name_reason) and not (is_other or series.holder_name),
        name_reason=OTHER_NAME if is_other else series.name_reason,
        beneficiary_email=series.beneficiary_email,
        remark=series.remark,
        internal_reference=series.internal_reference,
        send_on=day if is_to_come else None,
        is_sure=True,
    )
    transfers.check_draft(maker, draft)
    return transfers.add(maker, draft, via=Via.DASHBOARD, series=series, series_day=day)


def is_anothers(series: TransferSeries, holder: Holder) -> bool:
    """Return whether a bank says now that an account is somebody else's than whom the series was made to pay.

    A bank that says nothing just now has said enough before.
    """
    said, known = holder.name, filter(None, (series.holder_name, series.beneficiary_name))
    return bool(said) and not any(names.is_same(one, said) or names.is_same(said, one) for one in known)


def _let_go(approver: Scope, series: TransferSeries, transfer: MoneyTransfer, holder: Holder) -> str:
    """Let a transfer go by the approval of its series; returns why it has to wait for one of its own, or ""."""
    if is_anothers(series, holder):
        return "name"
    if transfer.fee != series.approved_fee:
        services.forget_approval(approver, series)
        return "fee"
    if look.has_unknown_twin(approver, series, transfer):
        return "twice"
    try:
        with transaction.atomic():
            acts.let_go(approver, MONEY_TRANSFERS, transfer, note=APPROVED_ONCE)
    except ShortOfMoney:
        return "short"
    except NothingSends:
        return "nothing sends"
    return ""


# --- Besides -----------------------------------------------------------------------------------------------------


@RUNS.tidies
def tidy() -> None:
    """Let what has come be made, and tell makers of what could not."""
    sweeps.run(queue_due)
    found = list(untold().order_by("?").values_list("pk", "series_id", "business_id", "mode")[:AT_A_TIME])
    for pk, series_id, business_id, mode in found:
        with sweeps.by_itself("failed day of a series", pk), rls.inside_of(business_id, mode), transaction.atomic():
            rows = TransferSeries.objects.filter(pk=series_id).select_related("business")
            series = rows.select_for_update(skip_locked=True, of=("self",)).first()
            runs = SeriesRun.objects.filter(pk=pk, status=SeriesRun.Status.FAILED, told_at=None)
            if series is not None and runs.update(told_at=Now()):
                _end(series)
                mails.tell_of_failure(SeriesRun.objects.select_related("series__business").get(pk=pk))
