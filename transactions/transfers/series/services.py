"""What people do with a series of transfers: make, approve, pause, resume, stop.

A series is a right that is kept for later: its worker asks it again each time (running.py, trust.md Q2).
"""

import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Business, Member
from accounts.permissions import Permission
from accounts.rights import NotAllowed, ask_again, lock_row
from accounts.team.leaving import LeftBehind, register
from flipdash import clock, db, events, rls, states
from flipdash.mode import Mode
from flipdash.scope import Scope
from transactions.fees import FEES
from transactions.models import SeriesRun, TransferSeries
from transactions.models.series import PausedWhy
from transactions.outgoing import acts, twice
from transactions.outgoing.refusals import Changed, MayBeTwice, OutgoingRefused, SecondPersonNeeded
from transactions.transfers import services as transfers
from transactions.transfers.series import dates, look, mails
from transactions.transfers.series.dates import Plan
from transactions.transfers.services import MONEY_TRANSFERS, Draft

Status = TransferSeries.Status
MOST = 100
"""Series of a business and mode that aren't over."""
AHEAD = timedelta(days=3)
"""How long before its date a transfer is made that somebody still has to approve."""
UNAPPROVED: dict[str, Any] = {
    **{"approver_kind": "", "approver_id": None, "approver_name": ""},
    **{"approved_from": None, "approved_fee": None, "approved_twins": [], "approved_alike": []},
}
"""What stands in a series that nobody has approved as a whole."""


class TooMany(OutgoingRefused):
    """The business has as many series as it may."""

    def __init__(self) -> None:
        super().__init__(_("Your business has %d repeating transfers already. Stop one of them first.") % MOST)


class SeriesOver(OutgoingRefused):
    """It isn't in a state in which this can be done: somebody was faster, or it was done before."""

    def __init__(self) -> None:
        super().__init__(_("This can’t be done any more: look where it stands now. Nothing was changed."))


@dataclass(frozen=True)
class Made:
    """The series that a form made; `is_new` is false when the same form had made it before."""

    series: TransferSeries
    is_new: bool


def made_before(scope: Scope, made_key: str) -> TransferSeries | None:
    """Return the series that a form has made already; what is no key at all has made nothing."""
    try:
        key = uuid.UUID(made_key)
    except ValueError:
        return None
    found: TransferSeries | None = TransferSeries.objects.visible_to(scope).filter(made_key=key).first()
    return found


def is_approved_once(business_id: int) -> bool:
    """Return whether the business lets who approves a series approve all of its transfers."""
    return Business.objects.filter(pk=business_id, series_approved_once=True).exists()


def goes_at_once(scope: Scope, draft: Draft, plan: Plan) -> bool:
    """Return whether making a series also approves it: its maker may, and the rule asks nobody else for its sum."""
    row = TransferSeries(amount=draft.amount, times=plan.times, **scope.actor.columns("maker"))
    return is_approved_once(scope.business.pk) and acts.goes_at_once(scope, row)


def make(scope: Scope, draft: Draft, plan: Plan, *, made_key: uuid.UUID) -> Made:
    """Make a series, once for each form key. Who may approve it has approved it, where one approval is for all.

    Raises TooMany, NotAllowed, and what transfers.check_draft raises.
    """
    with transaction.atomic():
        db.lock(f"form/{scope.business.pk}/{scope.mode}/{made_key}")
        db.lock(f"series/{scope.business.pk}/{scope.mode}")
        ask_again(scope, Permission.CREATE_TRANSACTIONS)
        rows = TransferSeries.objects.visible_to(scope)
        if before := rows.filter(made_key=made_key).first():
            return Made(before, is_new=False)
        if transfers.made_before(scope, str(made_key)):
            raise transfers.SentBefore
        if rows.filter(status__in=Status.open()).count() >= MOST:
            raise TooMany
        acts.one_at_a_time(scope, MONEY_TRANSFERS)
        transfers.check_draft(scope, draft)
        if not draft.is_sure and twice.is_new(draft, look.alike(scope, draft)):
            raise MayBeTwice
        series = _add(scope, draft, plan, made_key)
        events.record(scope, "series.made", series, **facts_of(series))
        if goes_at_once(scope, draft, plan):
            ask_again(scope, Permission.APPROVE_TRANSACTIONS)
            _sign(scope, series)
        elif is_approved_once(scope.business.pk):
            mails.tell_approvers(scope, series)
    return Made(series, is_new=True)


def _add(scope: Scope, draft: Draft, plan: Plan, made_key: uuid.UUID) -> TransferSeries:
    series = TransferSeries(
        business_id=scope.business.pk,
        mode=scope.mode,
        destination_kind=draft.kind,
        bank=draft.bank,
        account_number=draft.account_number,
        beneficiary_name=draft.beneficiary_name or draft.holder_name,
        holder_name=draft.holder_name,
        name_reason=draft.name_reason if draft.wants_reason else "",
        beneficiary_email=draft.beneficiary_email,
        amount=draft.amount,
        remark=draft.remark,
        internal_reference=draft.internal_reference,
        repeats=plan.repeats,
        first_day=plan.first,
        last_day=plan.last,
        times=plan.times,
        next_day=plan.first,
        made_key=made_key,
        **scope.actor.columns("maker"),
    )
    series.next_at = next_at(series, scope.business.time_zone, is_once=is_approved_once(scope.business.pk))
    series.save()
    return series


def next_at(series: TransferSeries, zone: str, *, is_once: bool) -> Any:
    """Return when the next transfer of a series is made: on its day, or before where it still has to be approved."""
    sent = dates.moment(series.next_day, zone)
    is_approved = series.approved_from is not None and series.next_day >= series.approved_from
    return sent if is_once and is_approved else sent - AHEAD


def facts_of(series: TransferSeries) -> dict[str, Any]:
    """Return what is told of every act: rupiah, to whom, how often."""
    return {"amount": series.amount, "beneficiary": series.beneficiary_name, "count": series.times}


# --- Approved as a whole -----------------------------------------------------------------------------------------


def may_be_approved(series: TransferSeries) -> bool:
    """Return whether it is still to be approved as a whole."""
    return series.status in Status.open() and not series.approver_kind and is_approved_once(series.business_id)


def approve(scope: Scope, series: TransferSeries, *, seen: str, sure: bool = False) -> TransferSeries:
    """Let all that is still to come of a series go, each on its day. What came before waits for its own approval.

    `seen` and `sure` are as for one transfer (acts.approve). Raises SeriesOver, Changed, SecondPersonNeeded,
    MayBeTwice, NotAllowed.
    """
    with transaction.atomic():
        acts.one_at_a_time(scope, MONEY_TRANSFERS)
        locked = _lock(scope, series.pk, Permission.APPROVE_TRANSACTIONS)
        if not may_be_approved(locked):
            raise SeriesOver
        if seen != look.digest_of(scope, locked):
            raise Changed
        if not acts.may_approve(scope, locked):
            raise SecondPersonNeeded
        if not sure and (look.twins_of(scope, locked) or look.alike(scope, locked)):
            raise MayBeTwice
        _sign(scope, locked)
    return locked


def _sign(scope: Scope, series: TransferSeries) -> None:
    """Write who approved a locked series, and what they saw; what comes is then made on its day."""
    seen = {
        "approved_from": series.next_day,
        "approved_fee": FEES[series.destination_kind],
        "approved_twins": [row.pk for row in look.twins_of(scope, series)],
        "approved_alike": [row.pk for row in look.alike(scope, series)],
    }
    _write(scope, series, **scope.actor.columns("approver"), **seen)
    events.record(scope, "series.approved", series, **facts_of(series))


def forget_approval(scope: Scope, series: TransferSeries) -> None:
    """Let a locked series wait to be approved anew, and tell who may."""
    _write(scope, series, **UNAPPROVED)
    if series.next_at is not None and may_be_approved(series):
        mails.tell_approvers(scope, series)


def _write(scope: Scope, series: TransferSeries, **values: Any) -> None:
    """Write who approved a locked series, or that nobody has, and when the next is made then."""
    for name, value in values.items():
        setattr(series, name, value)
    if series.next_at is not None:
        series.next_at = next_at(series, scope.business.time_zone, is_once=True)
    series.save(update_fields=[*values, "next_at"])


# --- Paused, resumed, stopped ------------------------------------------------------------------------------------


def may_change(scope: Scope, series: TransferSeries) -> bool:
    """Return whether the actor may pause or stop it: who made it and still may make some, and whoever may approve."""
    is_maker = scope.actor == series.maker and scope.can(Permission.CREATE_TRANSACTIONS)
    return series.status in Status.open() and (is_maker or scope.can(Permission.APPROVE_TRANSACTIONS))


def may_resume(scope: Scope, series: TransferSeries) -> bool:
    """Return whether the actor may let it go on: who may create, and changes it or takes it over."""
    is_orphan = series.paused_why == PausedWhy.MAKER
    may = scope.can(Permission.CREATE_TRANSACTIONS) and (is_orphan or may_change(scope, series))
    return series.status == Status.PAUSED and may


def pause(scope: Scope, series: TransferSeries) -> None:
    """Let nothing be made until somebody resumes it. Raises SeriesOver, NotAllowed."""
    with transaction.atomic():
        locked = _lock_to_change(scope, series)
        if locked.status != Status.ACTIVE:
            raise SeriesOver
        states.move(locked, Status.PAUSED, by=scope, kind="series.paused", paused_why=PausedWhy.PERSON)


def stop(scope: Scope, series: TransferSeries) -> None:
    """End it for good; what it has made already stays. Raises SeriesOver, NotAllowed."""
    with transaction.atomic():
        locked = _lock_to_change(scope, series)
        if locked.status not in Status.open():
            raise SeriesOver
        states.move(locked, Status.STOPPED, by=scope, kind="series.stopped", facts=facts_of(locked), paused_why="")


def resume(scope: Scope, series: TransferSeries) -> TransferSeries:
    """Let it go on from its next day, what was missed meanwhile left out. Raises SeriesOver, NotAllowed.

    Whoever takes over what somebody made who no longer may is its maker from then on; that, and what paused for its
    approval, is approved anew. So is what a person paused, unless whoever resumes it might approve it as well: it may
    have been its approver who paused it.
    """
    with transaction.atomic():
        locked = _lock(scope, series.pk, Permission.CREATE_TRANSACTIONS)
        if locked.status != Status.PAUSED:
            raise SeriesOver
        why = locked.paused_why
        if why != PausedWhy.MAKER and scope.actor != locked.maker:
            ask_again(scope, Permission.APPROVE_TRANSACTIONS)
        values: dict[str, Any] = {"paused_why": ""}
        if why != PausedWhy.PERSON or not _might_approve(scope, locked):
            values |= UNAPPROVED
        if why == PausedWhy.MAKER:
            values |= scope.actor.columns("maker")
        day = _day_to_come(locked, scope)
        if day is None and not is_being_made(locked):
            states.move(locked, Status.ENDED, by=scope, kind="series.ended", facts=facts_of(locked), **values)
            return locked
        for name, value in (values | {"next_day": day or locked.next_day}).items():
            setattr(locked, name, value)
        is_once = is_approved_once(locked.business_id)
        at = next_at(locked, scope.business.time_zone, is_once=is_once) if day else None
        values |= {"next_day": locked.next_day, "next_at": at}
        states.move(locked, Status.ACTIVE, by=scope, kind="series.resumed", facts=facts_of(locked), **values)
        if may_be_approved(locked):
            mails.tell_approvers(scope, locked)
    return locked


def _might_approve(scope: Scope, locked: TransferSeries) -> bool:
    """Return whether the actor may approve a series at this moment, without being asked for anything more."""
    try:
        ask_again(scope, Permission.APPROVE_TRANSACTIONS)
    except NotAllowed:
        return False
    return acts.may_approve(scope, locked) and not acts.need_reauthentication(scope)


def _day_to_come(series: TransferSeries, scope: Scope) -> date | None:
    """Return the first day whose hour is still to come, one that brought nothing for the pause included."""
    rest = look.to_come(series) if series.next_at is not None else []
    now, zone = clock.now(), scope.business.time_zone
    return min({*look.kept(scope, series), *(day for day in rest if dates.moment(day, zone) > now)}, default=None)


def is_being_made(series: TransferSeries) -> bool:
    """Return whether a day that has come is still at a worker."""
    return SeriesRun.objects.filter(series=series, status__in=SeriesRun.Status.open()).exists()


def _lock(scope: Scope, pk: int, permission: Permission) -> TransferSeries:
    locked: TransferSeries = lock_row(scope, TransferSeries.objects.visible_to(scope), pk, permission)
    return locked


def _lock_to_change(scope: Scope, series: TransferSeries) -> TransferSeries:
    """Lock a series for its maker, or for who may approve. Raises NotAllowed, and SeriesOver for what is over."""
    is_own = scope.actor == series.maker and scope.can(Permission.CREATE_TRANSACTIONS)
    needed = Permission.CREATE_TRANSACTIONS if is_own else Permission.APPROVE_TRANSACTIONS
    locked = _lock(scope, series.pk, needed)
    if locked.status not in Status.open():
        raise SeriesOver
    if not may_change(scope, locked):
        raise NotAllowed(Permission.APPROVE_TRANSACTIONS)
    return locked


# --- What else changes when they run -----------------------------------------------------------------------------


@events.on("account.changed", "account.security-changed")
def _follow_the_business(told: events.Event) -> None:
    """Move what is to come to the hour of a new zone, and to the lead that a new way of approving wants."""
    if not {"time_zone", "series_approved_once"} & told.facts.get("changes", {}).keys():
        return
    business = Business.objects.get(pk=told.scope.business.pk)
    for mode in Mode:
        with rls.inside_of(business.pk, mode):
            rows = TransferSeries.objects.filter(business=business, mode=mode, status__in=Status.open())
            for series in rows.exclude(next_at=None).select_for_update():
                at = next_at(series, business.time_zone, is_once=business.series_approved_once)
                TransferSeries.objects.filter(pk=series.pk).update(next_at=at)


@register
def left(scope: Scope, member: Member) -> LeftBehind:
    """Count the series that stand still when their maker is gone, or whoever's approval lets all of one go."""
    theirs = member.actor.is_in("maker")
    if is_approved_once(scope.business.pk):
        theirs |= member.actor.is_in("approver")
    count = TransferSeries.objects.visible_to(scope).filter(theirs, status__in=Status.open()).count()
    words = gettext_lazy("Repeating transfers, which pause until somebody resumes them")
    return LeftBehind(words, count, reverse("transactions:series"))
