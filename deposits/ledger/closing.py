"""How an account statement closes: opening + credits − debits = closing."""

from collections.abc import Iterator
from datetime import datetime, time

from django.db.models import F, Q, Window
from django.db.models.functions import Lag
from django.utils.translation import gettext_lazy as _

from deposits.models import DepositEntry
from flipdash.histories import History
from flipdash.words import Words


def lines_of(statement: History) -> Iterator[tuple[Words, int]]:
    """Yield the lines that close a statement, each with rupiah, unless only some of the entries are shown.

    Where a balance doesn't follow from the one that stands before it, that is said too: the figures are wrong then.
    """
    if statement.term or any(f is not statement.date_filter for f in statement.applied_filters):
        return
    rows = statement.rows()
    first, last = rows.order_by("created_at", "id").first(), rows.first()
    moved = statement.totals()
    yield _("Opening balance"), first.balance_after - first.amount if first else _balance_before(statement)
    yield _("Credits"), sum(int(row["came_in"] or 0) for row in moved)
    yield _("Debits"), sum(int(row["went_out"] or 0) for row in moved)
    yield _("Closing balance"), last.balance_after if last else _balance_before(statement)
    if breaks := _breaks(statement, first):
        yield _("This doesn’t close. Balances that don’t follow from the one before (please tell us)"), breaks


def _breaks(statement: History, first: DepositEntry | None) -> int:
    """Count the entries whose balance doesn't follow from the entry that stands before them."""
    order = [F("created_at"), F("id")]
    rows = statement.rows().order_by(*order).annotate(before=Window(Lag("balance_after"), order_by=order))
    breaks = rows.filter(before__isnull=False).exclude(balance_after=F("before") + F("amount")).count()
    if first is not None:
        before = Q(created_at__lt=first.created_at) | Q(created_at=first.created_at, id__lt=first.id)
        breaks += first.balance_after - first.amount != _balance_at(statement, before)
    return breaks


def _balance_before(statement: History) -> int:
    """Return what was there before days on which nothing moved."""
    begins = statement.date_filter.range(statement.cleaned)[0] if statement.date_filter else None
    if begins is None:
        return 0
    return _balance_at(statement, Q(created_at__lt=datetime.combine(begins, time.min, tzinfo=statement.scope.zone)))


def _balance_at(statement: History, before: Q) -> int:
    """Return the balance after the last entry before some moment, however old it is."""
    entries = DepositEntry.objects.using(statement.using).visible_to(statement.scope, searched=True)
    last = entries.filter(before).order_by("created_at", "id").last()
    return last.balance_after if last else 0
