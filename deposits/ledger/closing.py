"""How an account statement closes: opening + credits − debits = closing."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import F, Q, Sum, Window
from django.db.models.functions import Lag
from django.utils.translation import gettext_lazy as _

from deposits.models import RUPIAH, AccountKind, DepositEntry, PostingKind, Turnover
from flipdash.histories import History
from flipdash.words import Words


def lines_of(statement: History) -> Iterator[tuple[Words, int]]:
    """Yield the lines that close a statement, each with rupiah, unless only some of the entries are shown.

    Where a balance doesn't follow from the one that stands before it, that is said too: the figures are wrong then.
    """
    if not _is_whole(statement):
        return
    first = statement.rows().order_by("created_at", "id").first()
    yield from _lines(statement, first, statement.totals())
    if breaks := breaks_of(statement):
        yield _("This doesn’t close. Balances that don’t follow from the one before (please tell us)"), breaks


def lines_of_many(statement: History) -> Iterator[tuple[Words, int]]:
    """Yield the same of any number of entries, by the turnover; no balance is compared with the one before."""
    first = statement.rows().order_by("created_at", "id").first()
    yield from _lines(statement, first, kept_totals(statement))


def kept_totals(statement: History) -> list[dict[str, Any]]:
    """Return what `totals` does, of the days and kinds that are asked for, from what is kept by the hour."""
    kept = Turnover.objects.using(statement.using).visible_to(statement.scope)
    kept = kept.filter(account__kind=AccountKind.AVAILABLE, account__currency=RUPIAH)
    first, last = statement.date_range()
    for since in (_midnight(statement, first), statement.scope.recent_since()):
        kept = kept.filter(hour__gte=since) if since else kept
    until = _midnight(statement, last + timedelta(days=1)) if last else None
    kept = kept.filter(hour__lt=until) if until else kept
    if kinds := statement.cleaned["kind"]:
        kept = kept.filter(kind__in=kinds)
    sums = {"rows": Sum("entries"), "came_in": Sum("came_in"), "went_out": Sum("went_out")}
    found = kept.order_by().values(posting__kind=F("kind")).annotate(**sums)
    return sorted(map(dict, found), key=lambda row: PostingKind.values.index(row["posting__kind"]))


def _lines(statement: History, first: DepositEntry | None, moved: list[dict[str, Any]]) -> Iterator[tuple[Words, int]]:
    last = statement.rows().first()
    yield _("Opening balance"), first.balance_after - first.amount if first else _balance_before(statement)
    yield _("Credits"), sum(int(row["came_in"] or 0) for row in moved)
    yield _("Debits"), sum(int(row["went_out"] or 0) for row in moved)
    yield _("Closing balance"), last.balance_after if last else _balance_before(statement)


def breaks_of(statement: History) -> int:
    """Count the entries whose balance doesn't follow from the one before; 0 where some are hidden."""
    if not _is_whole(statement):
        return 0
    order = [F("created_at"), F("id")]
    rows = statement.rows().order_by(*order).annotate(before=Window(Lag("balance_after"), order_by=order))
    breaks = rows.filter(before__isnull=False).exclude(balance_after=F("before") + F("amount")).count()
    if first := statement.rows().order_by("created_at", "id").first():
        before = Q(created_at__lt=first.created_at) | Q(created_at=first.created_at, id__lt=first.id)
        breaks += first.balance_after - first.amount != _balance_at(statement, before)
    return breaks


def _is_whole(statement: History) -> bool:
    """Whether it shows every entry of its days."""
    return not statement.term and all(f is statement.date_filter for f in statement.applied_filters)


def _balance_before(statement: History) -> int:
    """Return what was there before days on which nothing moved."""
    begins = _midnight(statement, statement.date_range()[0])
    return _balance_at(statement, Q(created_at__lt=begins)) if begins else 0


def _midnight(statement: History, day: date | None) -> datetime | None:
    """Return when a day begins in the business's zone."""
    return datetime.combine(day, time.min, tzinfo=statement.scope.zone) if day else None


def _balance_at(statement: History, before: Q) -> int:
    """Return the balance after the last entry before some moment, however old it is."""
    entries = DepositEntry.objects.using(statement.using).visible_to(statement.scope, searched=True)
    last = entries.filter(before).order_by("created_at", "id").last()
    return last.balance_after if last else 0
