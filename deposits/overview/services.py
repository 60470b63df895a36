"""My Deposit: what there is, what waits, how long it lasts, and the warning when it gets low."""

import logging
from dataclasses import dataclass

from django.db import transaction
from django.db.models.functions import Now

from accounts.models import Business, Member
from accounts.permissions import Permission
from accounts.rights import ask_again
from deposits import ledger
from deposits.ledger import Balance, LedgerOwner
from deposits.models import RUPIAH, AccountKind, LowBalance
from deposits.models.ledger import Account
from deposits.overview.cashflow import PACE, Cashflow, cashflow
from deposits.overview.pending import PendingTotal, all_pending
from flipdash import events, mail, money, rls, sweeps
from flipdash.frame import Frame
from flipdash.mode import mode_url
from flipdash.scope import Scope

log = logging.getLogger(__name__)

LONGEST_DAYS = 365
"""Beyond this the page says "more than a year"."""


@dataclass(frozen=True)
class Overview:
    """The deposit of one scope at this moment; amounts in rupiah."""

    cashflow: Cashflow
    pending: list[PendingTotal]
    threshold: int | None

    @property
    def balance(self) -> Balance:
        """What is available and held, as the movements have it."""
        return Balance(self.cashflow.available.now, self.cashflow.held.now)

    @property
    def spent(self) -> int:
        """What went out within the last 7 days."""
        return self.cashflow.spent

    @property
    def is_low(self) -> bool:
        """Whether less is available than the business wants to have."""
        return self.threshold is not None and self.balance.available < self.threshold

    @property
    def days_left(self) -> int | None:
        """For how many days the available deposit lasts at the pace of the last 7; None when nothing goes out."""
        return self.balance.available * PACE.days // self.spent if self.spent > 0 else None

    @property
    def lasts_long(self) -> bool:
        """Whether that is more than a year."""
        return self.days_left is not None and self.days_left > LONGEST_DAYS


def overview(frame: Frame) -> Overview:
    """Return the deposit as it is now, in the scope of a page's frame, which brings the threshold."""
    return Overview(cashflow(frame.scope), all_pending(frame.scope), frame["least_deposit"])


def set_threshold(scope: Scope, threshold: int | None) -> None:
    """Warn when less than `threshold` rupiah are available; None warns no more. The next crossing warns anew.

    Raises NotAllowed.
    """
    with transaction.atomic():
        old = LowBalance.objects.visible_to(scope).select_for_update().first()
        ask_again(scope, Permission.TOP_UP_DEPOSIT)
        before = old.threshold if old else None
        if before == threshold:
            return
        if threshold is None:
            LowBalance.objects.visible_to(scope).delete()
        else:
            LowBalance.objects.update_or_create(
                business_id=scope.business.pk,
                mode=scope.mode,
                defaults={"threshold": threshold, "warned_at": None},
            )
        events.record(scope, "deposit.warning-changed", None, before=before, after=threshold)


def warn_of_low_balances() -> int:
    """Mail the people who may top up where the deposit has just got low; returns how many businesses were warned.

    Once each time: not again before there was enough in between. Two sweeps at once warn once.
    """
    available = Account.objects.using("operator").filter(kind=AccountKind.AVAILABLE, currency=RUPIAH)
    balances = {(a.business_id, a.mode): a.balance for a in available.filter(business__in=_watched())}
    warned = 0
    for row in LowBalance.objects.using("operator").order_by("pk").iterator():
        is_low = balances.get((row.business_id, row.mode), 0) < row.threshold
        if is_low != (row.warned_at is not None):
            with sweeps.by_itself("low deposit of business", row.business_id):
                warned += _note(row.pk, row.business_id, row.mode, is_low=is_low)
    return warned


def _watched() -> list[int]:
    return list(LowBalance.objects.using("operator").values_list("business_id", flat=True).distinct())


def _note(pk: int, business_id: int, mode: str, *, is_low: bool) -> bool:
    with rls.inside_of(business_id, mode), transaction.atomic():
        row = LowBalance.objects.select_for_update().filter(pk=pk, warned_at__isnull=is_low).first()
        if row is None:
            return False
        business = Business.objects.get(pk=business_id)
        available = ledger.balance(LedgerOwner(business, mode)).available
        if (available < row.threshold) != is_low:
            return False
        LowBalance.objects.filter(pk=pk).update(warned_at=Now() if is_low else None)
        if is_low:
            _mail(business, mode, available, row.threshold)
    return is_low


def _mail(business: Business, mode: str, available: int, threshold: int) -> None:
    members = Member.objects.active().filter(business=business).select_related("user").order_by("pk")
    for member in members:
        if Permission.TOP_UP_DEPOSIT in member.permissions:
            language = member.user.language
            mail.send(
                "low_balance",
                to=member.user.email,
                language=language,
                business=business,
                mode=mode,
                available=money.rupiah(available, language),
                threshold=money.rupiah(threshold, language),
                url=mode_url(mode, "deposits:top-up", absolute=True),
            )
