"""What people see of a series before they make or approve it, and what stands for that."""

from collections.abc import Sequence
from datetime import date

from django.db.models import Q

from flipdash import clock
from flipdash.scope import Scope
from transactions.fees import FEES
from transactions.models import MoneyTransfer, SeriesRun, Status, TransferSeries
from transactions.transfers import services as transfers
from transactions.transfers.series import dates
from transactions.transfers.series.dates import Plan
from transactions.transfers.services import Draft
from transactions.transfers.twins import MOST_TWINS

MOST_DAYS = 20
"""So many days that wait are named, the first ones."""


def twins_of(scope: Scope, series: TransferSeries) -> Sequence[transfers.Twin]:
    """Return the transfers and refunds that its days may pay once more."""
    same = {name: getattr(series, name) for name in ("bank", "account_number", "amount", "internal_reference")}
    return transfers.twins(scope, **same, series=series.pk)


def alike(scope: Scope, row: Draft | TransferSeries) -> list[TransferSeries]:
    """Return the other series that are still to pay the same: each of its days may be paid twice."""
    found = TransferSeries.objects.visible_to(scope).paying(row)
    return list(found.exclude(pk=row.pk) if isinstance(row, TransferSeries) else found)[:MOST_TWINS]


def has_unknown_alike(scope: Scope, series: TransferSeries) -> bool:
    """Whether another series is still to pay the same, and no approver has seen the two together."""
    known = [series.pk, *known_alike(scope, series)]
    return bool(TransferSeries.objects.visible_to(scope).paying(series).exclude(pk__in=known).exists())


def known_alike(scope: Scope, series: TransferSeries) -> set[int]:
    """Return the ids of the series that an approver has seen together with it, of whichever was approved last."""
    others = TransferSeries.objects.visible_to(scope).filter(approved_alike__contains=[series.pk])
    return {*series.approved_alike, *others.values_list("pk", flat=True)}


def has_unknown_twin(scope: Scope, series: TransferSeries, transfer: MoneyTransfer) -> bool:
    """Whether the transfer of a day may pay once more what nobody who approved it knew of."""
    rows = transfers.may_be_twice(scope, transfers.the_same(transfer)).exclude(pk=transfer.pk)
    known = Q(pk__in=series.approved_twins) | Q(series__in=[series.pk, *known_alike(scope, series)])
    to = Q(bank=transfer.bank, account_number=transfer.account_number, amount=transfer.amount)
    given = transfers.refunds_to(scope, to).exclude(pk__in=series.approved_twins)
    return bool(rows.exclude(known).exists() or given.exists())


def digest_of(scope: Scope, series: TransferSeries) -> str:
    """Return what stands for what an approver sees of it. All else of a series never changes."""
    same = [[row.pk for row in rows] for rows in (twins_of(scope, series), alike(scope, series))]
    seen = (series.pk, series.status, series.next_day, FEES[series.destination_kind], series.maker_name, *same)
    return " ".join(map(str, seen))


def to_come(series: TransferSeries) -> list[date]:
    """Return the days that an approval of all of it is for."""
    return Plan(series.repeats, series.first_day, series.last_day).from_day(series.next_day)


def waiting(scope: Scope, series: TransferSeries) -> list[date]:
    """Return the days whose transfers wait for an approval of their own."""
    rows = MoneyTransfer.objects.visible_to(scope, searched=True)
    found = rows.filter(series=series, status=Status.PENDING_APPROVAL).order_by("series_day")
    return [day for day in found.values_list("series_day", flat=True)[:MOST_DAYS] if day]


def beside(scope: Scope, series: TransferSeries) -> list[tuple[date, MoneyTransfer | None]]:
    """Return the days that came before all of it is approved: each waits for an approval of its own.

    With each comes its transfer, or None where a worker is about to make it; of what is paused, once it is resumed.
    """
    rows = MoneyTransfer.objects.visible_to(scope, searched=True).filter(series=series)
    waiting = rows.filter(status=Status.PENDING_APPROVAL, series_day__lt=series.next_day)
    queued = SeriesRun.objects.visible_to(scope).filter(series=series, status__in=SeriesRun.Status.open())
    days = {*queued.values_list("day", flat=True), *kept(scope, series)}
    found: dict[date, MoneyTransfer | None] = dict.fromkeys(day for day in days if day < series.next_day)
    found |= {row.series_day: row for row in waiting if row.series_day}
    return sorted(found.items(), key=lambda one: one[0])


def kept(scope: Scope, series: TransferSeries) -> list[date]:
    """Return the days to come that brought nothing because it stood still: they are made if it is resumed in time."""
    runs = SeriesRun.objects.visible_to(scope).filter(series=series, status=SeriesRun.Status.FAILED)
    now, zone = clock.now(), scope.business.time_zone
    days = runs.filter(problem__in=SeriesRun.HELD).values_list("day", flat=True)
    return [day for day in days if dates.moment(day, zone) > now]
