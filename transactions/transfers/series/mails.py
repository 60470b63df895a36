"""What is told of a series: that it waits, that the transfer of a day waits, that one was not made; and to its maker
what somebody else did with it.
"""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import Member
from accounts.permissions import Permission
from accounts.profile import notices
from flipdash import events
from flipdash.actors import ActorKind
from flipdash.mode import mode_url
from flipdash.scope import Scope
from transactions.models import MoneyTransfer, SeriesRun, TransferSeries
from transactions.models.series import PausedWhy
from transactions.outgoing import acts, mails
from transactions.outgoing.mails import OUTCOME, WAITING
from transactions.transfers.services import MONEY_TRANSFERS

LOST = "lost"
notices.declare(LOST, gettext_lazy("Something of mine pauses as my role has changed"), Permission.VIEW_HISTORY)


def tell_approvers(scope: Scope, series: TransferSeries) -> None:
    """Tell who may approve that a series waits to be approved as a whole; its maker, where nobody is there."""
    others = mails.others_than(series.business_id, series.maker)
    for member in others.told(WAITING).select_related("user"):
        _send("series_waits", WAITING, member, series, maker=series.maker_name, business=scope.business)
    if who := mails.nobody_of(others):
        back = who.back and timezone.localtime(who.back, scope.zone).date()
        for member in Member.objects.may_be_told(OUTCOME).behind(series.maker).select_related("user"):
            _send("series_nobody", OUTCOME, member, series, back=back)


@events.on("series.approved", "series.paused", "series.resumed", "series.stopped")
def tell_maker(told: events.Event) -> None:
    """Tell who made a series what somebody else did with it; why it pauses by itself is told with its day."""
    series = told.subject
    if not isinstance(series, TransferSeries) or told.actor.kind != ActorKind.MEMBER or told.actor == series.maker:
        return
    act = told.kind.partition(".")[2]
    for member in Member.objects.told(OUTCOME).behind(series.maker).select_related("user"):
        _send("series_outcome", OUTCOME, member, series, act=act, who=told.actor.name)


def tell_of_day(maker: Scope, transfer: MoneyTransfer, problem: str) -> None:
    """Tell who may approve that the transfer of a day waits; and its maker, where its series' approval didn't do.

    By itself nobody has approved it: its maker is asked like the others, where the second-person rule lets them.
    """
    may_themselves = maker.can(Permission.APPROVE_TRANSACTIONS) and acts.may_approve(maker, transfer)
    mails.tell_approvers(transfer, MONEY_TRANSFERS, maker, but_maker=not may_themselves)
    if problem and transfer.series_day:
        run = SeriesRun(day=transfer.series_day, problem=problem)
        for member in Member.objects.told(OUTCOME).behind(maker.actor).select_related("user"):
            _send("series_day", OUTCOME, member, transfer.series, run=run)


def tell_of_failure(run: SeriesRun) -> None:
    """Tell the maker that a day brought nothing, and Admins, too, where the series has paused.

    A maker who has lost the right to make some is told no more than that something of theirs stands still.
    """
    series = run.series
    told = {member.pk: member for member in Member.objects.told(OUTCOME).behind(series.maker).select_related("user")}
    if run.problem in PausedWhy.values:
        admins = Member.objects.told(OUTCOME).admins().filter(business_id=series.business_id).select_related("user")
        told |= {member.pk: member for member in admins}
    for member in told.values():
        _send("series_day", OUTCOME, member, series, run=run)
    if run.problem == PausedWhy.MAKER:
        for member in Member.objects.told(LOST).behind(series.maker).exclude(pk__in=told).select_related("user"):
            url = mode_url(series.mode, "permissions", absolute=True)
            notices.tell(member, LOST, "series_lost", mode=series.mode, url=url)


def _send(name: str, notice: str, member: Any, series: Any, **more: Any) -> None:
    url = mode_url(series.mode, "transactions:one-series", series.pk, absolute=True)
    notices.tell(member, notice, name, mode=series.mode, url=url, series=series, **more)
