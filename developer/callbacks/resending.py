"""Callbacks sent once more: one, those that were ticked, or all that a filter shows (trust.md C7).

Many are leased work (flipdash/leases.py): the row keeps exactly the callbacks that were shown and counted, and each
step of them is queued in one transaction with how far it is, so that a worker that is killed leaves none out and
queues none twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from django.db import transaction
from django.db.models import F, QuerySet, Sum
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import rights
from accounts.permissions import Permission
from accounts.rights import lock_business
from developer.callbacks import outbox
from developer.models import Callback, CallbackAttempt, CallbackResend, CallbackStatus
from flipdash import clock, events, money, rls
from flipdash.leases import Worker
from flipdash.numbers import next_number
from flipdash.scope import Scope

MOST = 10_000
"""How many callbacks can be resent at once."""
MOST_AN_HOUR = 20_000
"""How many a business may ask for in one mode: what is resent takes turns with all that is sent to its hosts."""
MOST_OF_ONE = 100
"""After how many attempts, by itself or asked for, a callback isn't resent any more."""
MOST_OPEN = 5
"""How many resends of a business may be under way in one mode."""
STEP = 500
RESENDABLE = (CallbackStatus.DELIVERED, CallbackStatus.FAILED)
"""All others are sent by themselves."""

Status = CallbackResend.Status
RESENDS = Worker(
    "callback resends",
    CallbackResend,
    words=gettext_lazy("Callbacks to send again"),
    per="business",
    problems={rights.NotAllowed: "not allowed"},
    related=("business", "member__user", "member__business"),
)


class TooMany(Exception):
    """More than can be resent at once or within an hour; the words say what to do."""


@dataclass(frozen=True)
class Chosen:
    """Callbacks that somebody wants to resend, and what would happen to them."""

    callbacks: Sequence[int]
    resendable: int
    """How many would be sent once more."""
    seen: str = ""
    """Which these are, as a page shows it and its form says it again."""

    @property
    def left_alone(self) -> int:
        """How many are not: sent anyway, without a Callback URL, or sent as often as one may be."""
        return len(self.callbacks) - self.resendable


def queue(scope: Scope, callbacks: Sequence[int]) -> int:
    """Send callbacks once more that were delivered or given up; returns how many. Call it inside a transaction.

    What is being sent by itself is left alone, so that asking twice sends nothing twice.
    """
    outbox.wake_on_commit()
    return _resendable(scope, callbacks).update(
        status=CallbackStatus.WAITING, due_at=Now(), tried=0, asked_at=Now(), **scope.actor.columns("asker")
    )


def _resendable(scope: Scope, callbacks: Sequence[int]) -> QuerySet[Callback]:
    rows = Callback.objects.visible_to(scope, searched=True).filter(pk__in=callbacks, status__in=RESENDABLE)
    return rows.filter(attempt__lt=MOST_OF_ONE).exclude(callback_url__url="")


def _check_quota(scope: Scope, more: int) -> None:
    """Raise TooMany if so many more would be above what a business may resend in an hour. Call it under its lock.

    What counts is each attempt that somebody asked for, however many are of one callback, and what is still to come.
    """
    hour = clock.now() - timedelta(hours=1)
    made = CallbackAttempt.objects.visible_to(scope).filter(at__gt=hour).exclude(asker_kind="").count()
    queued = Callback.objects.visible_to(scope, searched=True).filter(asked_at__gt=hour, tried=0).count()
    under_way = CallbackResend.objects.visible_to(scope).filter(status__in=Status.open())
    to_come = under_way.aggregate(rows=Sum(F("callbacks__len") - F("rows_done")))["rows"] or 0
    if made + queued + to_come + more > MOST_AN_HOUR:
        raise TooMany(
            _("At most %(most)s callbacks are resent within an hour, and most of these are used up. Try again later.")
            % {"most": money.number(MOST_AN_HOUR)}
        )


@transaction.atomic
def resend(scope: Scope, callback: Callback) -> bool:
    """Send one callback once more; returns whether it wasn't being sent anyway. Raises NotAllowed and TooMany."""
    lock_business(scope, Permission.MANAGE_API)
    if callback.attempt >= MOST_OF_ONE:
        raise TooMany(_("It was sent %(most)s times. It isn’t sent any more.") % {"most": money.number(MOST_OF_ONE)})
    _check_quota(scope, 1)
    is_queued = queue(scope, [callback.pk]) == 1
    if is_queued:
        events.record(scope, "callback.resent", callback, callback_event=callback.event)
    return is_queued


def choose(scope: Scope, callbacks: Sequence[int]) -> Chosen:
    """Return what would happen to callbacks that somebody wants to resend, oldest first. Raises TooMany."""
    if len(callbacks) > MOST:
        raise TooMany(
            _("At most %(most)s callbacks can be resent at once. Narrow them by a filter, such as fewer days.")
            % {"most": money.number(MOST)}
        )
    rows = Callback.objects.visible_to(scope, searched=True).filter(pk__in=callbacks)
    resendable = sorted(_resendable(scope, callbacks).values_list("pk", flat=True))
    seen = sha256(" ".join(map(str, resendable)).encode()).hexdigest()
    return Chosen(sorted(rows.values_list("pk", flat=True)), len(resendable), seen)


@transaction.atomic
def request_resend(scope: Scope, chosen: Chosen, asked: str) -> CallbackResend:
    """Resend many in the background. Raises NotAllowed, and TooMany while many resends are under way."""
    lock_business(scope, Permission.MANAGE_API)
    _check_quota(scope, chosen.resendable)
    number = next_number(scope, CallbackResend)
    if CallbackResend.objects.visible_to(scope).filter(status__in=Status.open()).count() >= MOST_OPEN:
        raise TooMany(_("Callbacks are being resent already. Wait until that is done, or cancel it."))
    made = CallbackResend.objects.create(
        business_id=scope.business.pk,
        mode=scope.mode,
        number=number,
        member_id=scope.member.pk,
        callbacks=list(chosen.callbacks),
        asked=asked[:500],
    )
    events.record(scope, "callback.resend-asked", made, rows=len(chosen.callbacks), asked=made.asked)
    RESENDS.wake_on_commit()
    return made


def cancel(resend: CallbackResend, *, by: Scope) -> bool:
    """Stop a resend; what it has queued is sent. Returns whether it was still to be stopped."""
    with transaction.atomic():
        is_stopped = RESENDS.cancel(resend)
        if is_stopped:
            events.record(by, "callback.resend-cancelled", resend, asked=resend.asked)
    return is_stopped


@RESENDS.runs
def _resend(row: CallbackResend) -> None:
    scope = rights.scope_now(row.member_id, row.mode, "resend", Permission.MANAGE_API)
    done, resent = row.rows_done, row.resent
    with rls.inside(scope):
        for first in range(done, len(row.callbacks), STEP):
            some = row.callbacks[first : first + STEP]
            with transaction.atomic():
                resent += queue(scope, some)
                done += len(some)
                RESENDS.note(row, rows_done=done, resent=resent)
    RESENDS.finish(row, Status.DONE)
