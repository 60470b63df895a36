"""Top-ups: asked for with a unique code, marked as transferred, closed (docs/top-ups.md).

All of it happens inside the business (flipdash/rls.py), under a lock on the top-up's row, and by the
database's time. Matching with the bank's statement is deposits/statements/matching.py's, crediting
crediting.py's.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.permissions import Permission
from accounts.rights import ask_again, lock_row
from deposits.models import OPEN, BankAccount, TopUp, TopUpStatus
from flipdash import clock, events, money, rls, states, sweeps
from flipdash.db import lock
from flipdash.mode import Mode
from flipdash.scope import Scope

STEP = 1_000
"""Amounts are multiples of this many rupiah, so that the code has the last three digits to itself."""
PRESETS = (1_000_000, 5_000_000, 10_000_000, 50_000_000)


class TopUpRefused(Exception):
    """The top-up can't be made or moved; the message says why, in words for people. Nothing was changed."""


class WrongAmount(TopUpRefused):
    """The amount is no multiple of Rp1.000, or outside the limits."""


class BankRefused(TopUpRefused):
    """The bank is unknown, not offered, or disturbed."""


class CodesUsedUp(TopUpRefused):
    """All 999 codes for this amount and bank are in use."""


class TooMany(TopUpRefused):
    """The business holds as many codes as one may: they are few, and everybody's (trust.md: shared goods)."""


class NotWaiting(TopUpRefused):
    """The top-up doesn't wait for payment any more; `top_up` is as it is now."""

    def __init__(self, top_up: TopUp, words: str) -> None:
        super().__init__(words)
        self.top_up = top_up


@dataclass(frozen=True)
class Requested:
    """The top-up that a form asked for; `is_new` is false when the same form had asked before."""

    top_up: TopUp
    is_new: bool


# --- Asking ------------------------------------------------------------------------------------------------------


def check_amount(amount: int) -> None:
    """Raise WrongAmount unless a deposit can be topped up by that many rupiah."""
    least, most = settings.TOP_UP_MIN, settings.TOP_UP_MAX
    if amount < least:
        raise WrongAmount(_("The smallest top-up is %s.") % money.rupiah(least))
    if amount > most:
        raise WrongAmount(_("The largest top-up is %s. Make several for more.") % money.rupiah(most))
    if amount % STEP:
        raise WrongAmount(_("The amount has to be a multiple of %s.") % money.rupiah(STEP))


def check_bank(bank: str) -> BankAccount:
    """Return the operator's account at a bank; raises BankRefused when nothing can be paid to it now."""
    account = BankAccount.objects.offered().filter(bank=bank).first()
    if account is None:
        raise BankRefused(_("Choose one of the banks shown."))
    if account.is_disturbed:
        raise BankRefused(
            _("%s is disturbed now, so that a payment would not arrive. Choose another bank.") % account.name
        )
    return account


def request_top_up(
    scope: Scope,
    *,
    amount: int,
    bank: str,
    note: str = "",
    idempotency_key: uuid.UUID | None = None,
    at: datetime | None = None,
) -> Requested:
    """Ask for a top-up of `amount` rupiah to be paid to a bank, and give it a code of its own.

    The same form key asks once, whatever is sent with it later. `at` is for what happened earlier (the seed). Raises
    WrongAmount, BankRefused, CodesUsedUp, TooMany, NotAllowed.
    """
    check_amount(amount)
    account = check_bank(bank)
    idempotency_key = idempotency_key or uuid.uuid4()
    try:
        with transaction.atomic():
            # The locks come first, of the business and then of the amount and bank: a twin of this form waits for them,
            # and then finds our row.
            lock(f"top-ups of {scope.business.pk} {scope.mode}")
            code = _free_code(scope.mode, account.bank, amount)
            ask_again(scope, Permission.TOP_UP_DEPOSIT)
            if before := _asked_before(scope, idempotency_key):
                return Requested(before, is_new=False)
            if at is None:
                check_share(scope, amount, account.bank)
            if code is None:
                raise CodesUsedUp(
                    _("All codes for this amount and bank are in use: choose another amount or another bank.")
                )
            return Requested(_add(scope, amount, code, account.bank, note, idempotency_key, at), is_new=True)
    except IntegrityError:
        # A twin that said another amount or bank waits for another lock; the key is still there once.
        if before := _asked_before(scope, idempotency_key):
            return Requested(before, is_new=False)
        raise


def check_share(scope: Scope, amount: int, bank: str) -> None:
    """Raise TooMany when the business may ask for no more top-ups now; it says how many it may, and when again.

    What was paid isn't counted: who really tops up often is held by the hour alone.
    """
    mine = TopUp.objects.visible_to(scope, searched=True)
    if mine.filter(status__in=OPEN).count() >= settings.TOP_UPS_OPEN:
        words = _("Your business has %d open top-ups, and no more can be. Pay or cancel one of them first.")
        raise TooMany(words % settings.TOP_UPS_OPEN)
    of_amount = mine.filter(bank=bank, amount=amount, is_code_held=True).exclude(status=TopUpStatus.SUCCESSFUL)
    if of_amount.count() >= settings.TOP_UPS_OF_AN_AMOUNT:
        words = _(
            "Your business has asked for %d top-ups of this amount at this bank that weren’t paid; a code rests for %d "
            "days. Pay one of them, or choose another amount or another bank."
        )
        raise TooMany(words % (settings.TOP_UPS_OF_AN_AMOUNT, settings.TOP_UP_QUIET_DAYS))
    if mine.filter(created_at__gt=clock.now() - timedelta(hours=1)).count() >= settings.TOP_UPS_AN_HOUR:
        words = _("Your business has asked for %d top-ups within an hour. Try again later.")
        raise TooMany(words % settings.TOP_UPS_AN_HOUR)


def _free_code(mode: str, bank: str, amount: int) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT deposits_free_code(%s, %s, %s)", [str(mode), bank, amount])
        (code,) = cursor.fetchone()
    return code


def _asked_before(scope: Scope, idempotency_key: uuid.UUID) -> TopUp | None:
    return TopUp.objects.visible_to(scope, searched=True).filter(idempotency_key=idempotency_key).first()


def _id_of(at: datetime) -> int:
    """Return a number as it would have been given at that time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT next_transaction_id(%s)", [at])
        (number,) = cursor.fetchone()
    return number


def _add(
    scope: Scope, amount: int, code: int, bank: str, note: str, idempotency_key: uuid.UUID, at: datetime | None
) -> TopUp:
    created_at = at or clock.now()
    top_up = TopUp(
        pk=_id_of(created_at),
        business_id=scope.business.pk,
        mode=scope.mode,
        amount=amount,
        code=code,
        exact_amount=amount + code,
        bank=bank,
        note=note,
        **scope.actor.columns("maker"),
        idempotency_key=idempotency_key,
        created_at=created_at,
        expires_at=created_at + timedelta(hours=settings.TOP_UP_HOURS),
    )
    top_up.save(force_insert=True)
    events.record(scope, "top-up.requested", top_up, at=at, **facts_of(top_up))
    return top_up


# --- What its people do ------------------------------------------------------------------------------------------


def mark_transferred(
    scope: Scope, top_up: TopUp, *, sender_bank: str = "", sender_name: str = "", at: datetime | None = None
) -> TopUp:
    """Note that somebody says they have transferred; an ATM Transfer names its sender. It only hurries the check.

    Raises NotWaiting: twice, after it has expired, or from a second tab. Raises NotAllowed.
    """
    with transaction.atomic():
        locked = _lock(scope, top_up)
        if _is_waiting(locked, at):
            moment = at or clock.now()
            in_a_moment = moment + timedelta(seconds=settings.SIMULATED_BANK_SECONDS)
            states.move(
                locked,
                TopUpStatus.CHECKING,
                by=scope,
                kind="top-up.marked",
                facts=facts_of(locked),
                at=at,
                marked_at=moment,
                simulated_at=in_a_moment if is_simulated(locked.mode) else locked.simulated_at,
                is_atm=bool(sender_bank),
                sender_bank=sender_bank,
                sender_name=sender_name,
            )
            return locked
    raise NotWaiting(locked, why_not(locked))


def cancel(scope: Scope, top_up: TopUp, *, at: datetime | None = None) -> TopUp:
    """Stop waiting for a payment; raises NotWaiting, NotAllowed."""
    with transaction.atomic():
        locked = _lock(scope, top_up)
        if _is_waiting(locked, at):
            close(locked, TopUpStatus.CANCELLED, by=scope, kind="top-up.cancelled", at=at)
            return locked
    raise NotWaiting(locked, why_not(locked))


def _is_waiting(locked: TopUp, at: datetime | None) -> bool:
    """Whether it still waits; one whose time is over expires here, if the sweep hasn't come by yet."""
    if locked.status == TopUpStatus.WAITING and locked.expires_at <= (at or clock.now()):
        _expire(locked, at)
    return locked.status == TopUpStatus.WAITING


def why_not(top_up: TopUp) -> str:
    """Return why one that isn't waiting can't be moved, in words for people."""
    words: dict[str, str] = {
        TopUpStatus.CHECKING: _("This top-up is already being checked. Nothing was changed."),
        TopUpStatus.SUCCESSFUL: _("This top-up has been credited already. Nothing was changed."),
        TopUpStatus.EXPIRED: _(
            "This top-up has expired. If you have transferred, your money isn’t lost: we match it by hand. "
            "If you haven’t, make a new top-up."
        ),
        TopUpStatus.CANCELLED: _(
            "This top-up was cancelled. If you have transferred, your money isn’t lost: we match it by hand."
        ),
    }
    return words[top_up.status]


# --- What happens by itself --------------------------------------------------------------------------------------


def expire_due(most: int = 500) -> int:
    """Expire the top-ups whose time is over, and those that were looked for through the whole quiet period in vain.

    Several sweeps may run at once: each row is locked and asked again. Returns how many it closed.
    """
    found = over().values_list("pk", "business_id", "mode")
    closed = 0
    for row in found.order_by("?")[:most]:
        with sweeps.by_itself("top-up", row[0]):
            closed += _expire_one(_is_over(), *row)
    return closed


def over() -> QuerySet[TopUp]:
    """Return the top-ups whose time is over and that are still open."""
    return TopUp.objects.using("operator").filter(_is_over())


def _is_over() -> Q:
    quiet = timedelta(days=settings.TOP_UP_QUIET_DAYS)
    waited = Q(status=TopUpStatus.WAITING, expires_at__lte=Now())
    return waited | Q(status=TopUpStatus.CHECKING, expires_at__lte=Now() - quiet)


def _expire_one(due: Q, pk: int, business_id: int, mode: str) -> bool:
    with rls.inside_of(business_id, mode), transaction.atomic():
        locked = TopUp.objects.select_for_update(skip_locked=True).filter(due, pk=pk).first()
        if locked is None:
            return False
        _expire(locked)
    return True


def _expire(locked: TopUp, at: datetime | None = None) -> None:
    itself = Scope.by_itself(locked.business, locked.mode)
    close(locked, TopUpStatus.EXPIRED, by=itself, kind="top-up.expired", at=at)


def free_codes() -> int:
    """Give back the codes whose quiet period is over; returns how many. By the database's time."""
    rows = TopUp.objects.using("operator").filter(is_code_held=True, code_free_at__lte=Now()).exclude(status__in=OPEN)
    return rows.update(is_code_held=False)


def is_simulated(mode: str) -> bool:
    """Return whether the simulated bank answers in this mode: in Test Mode, and in Live Mode of a demo only."""
    return mode == Mode.TEST or settings.SIMULATED_BANK


# --- Rows --------------------------------------------------------------------------------------------------------


def _lock(scope: Scope, top_up: TopUp) -> TopUp:
    rows = TopUp.objects.visible_to(scope, searched=True)
    return lock_row(scope, rows, top_up.pk, Permission.TOP_UP_DEPOSIT)


def close(
    locked: TopUp,
    to: TopUpStatus,
    *,
    by: Scope,
    kind: str,
    facts: Mapping[str, Any] | None = None,
    at: datetime | None = None,
    **values: Any,
) -> None:
    """Close a top-up, and tell it. Its code stays its own for a quiet period, so that a late payment is known for what
    it is."""
    if locked.is_code_held:
        values["code_free_at"] = (at or clock.now()) + timedelta(days=settings.TOP_UP_QUIET_DAYS)
    states.move(locked, to, by=by, kind=kind, facts={**facts_of(locked), **(facts or {})}, at=at, **values)


def facts_of(top_up: TopUp) -> dict[str, Any]:
    """Return what is told of every act: rupiah, and the bank."""
    return {"amount": top_up.exact_amount, "bank": top_up.bank}
