"""My Deposit → Deposit History: the account statement of what a business may spend."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time
from typing import ClassVar

from django.db.models import F, Q, Window
from django.db.models.functions import Lag
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from accounts.permissions import Permission
from deposits.ledger import sources
from deposits.models import DepositEntry, Direction, PostingKind
from flipdash import histories, money
from flipdash.histories.columns import DASH, Fact, Page, Row, Write, linked
from flipdash.words import Words

TOP_UP = histories.Action(_("Top-Up Deposit"), "deposits:top-up", Permission.TOP_UP_DEPOSIT)
KIND_WORDS: dict[str, tuple[str, ...]] = {
    PostingKind.TOP_UP: ("Top-up", "Top up", "Isi saldo"),
    PostingKind.OPENING: ("Starting balance", "Opening balance", "Saldo permulaan", "Saldo awal"),
    PostingKind.HOLD: ("Held", "Hold", "Ditahan"),
    PostingKind.RELEASE: ("Released", "Release", "Dilepas"),
    PostingKind.RETURN: ("Returned", "Return", "Dikembalikan"),
    PostingKind.SETTLEMENT: ("Settled", "Settlement", "Penyelesaian"),
    PostingKind.REFUND: ("Refund", "Pengembalian dana"),
    PostingKind.REVERSAL: ("Reversal", "Pembatalan"),
}
"""What people search for when they mean a kind of movement, in both languages."""


@dataclass(frozen=True)
class EntryColumn(histories.ChoiceColumn):
    """What happened; it opens the entry."""

    always: ClassVar[bool] = True

    def writer(self, page: Page) -> Write:
        return linked(self, page)


@dataclass(frozen=True)
class SourceColumn(histories.IdColumn):
    """The number of what moved the money, which opens it."""

    always: ClassVar[bool] = False

    def fact(self, row: Row) -> Fact:
        """Return the number as a link, with what it is."""
        return {"label": self.label, "value": self._link(row), "note": sources.label_of(row["posting__source_type"])}

    def writer(self, page: Page) -> Write:
        """Return what writes the link and the Copy button; a business's own opening has nothing to open."""
        copy = page.copier(self.label)

        def write(row: Row) -> str:
            is_opening = row["posting__source_type"] == "business"
            return DASH if is_opening else f"{self._link(row)}{copy(escape(self.text(row)))}"

        return write

    def _link(self, row: Row) -> SafeString:
        url = sources.url_of(row["posting__source_type"], row[self.field])
        return format_html('<a href="{}">{}</a>', url, self.text(row)) if url else SafeString(self.text(row))


@dataclass(frozen=True)
class SourceKindColumn(histories.Column):
    """What kind of thing moved the money."""

    def text(self, row: Row) -> str:
        return sources.label_of(row[self.field])


@dataclass(frozen=True)
class MovedAmount(histories.Amount):
    """An amount that came in or went out.

    Two questions instead of one about abs(amount): behind row level security Postgres uses an index only for
    comparisons of which it knows that they leak nothing, and abs isn't one (flipdash/rls.py).
    """

    def condition(self, term: str) -> list[Q]:
        try:
            amount = money.parse_rupiah(term)
        except ValueError:
            return []
        return [Q(**{self.field: amount}), Q(**{self.field: -amount})]


class DepositHistory(histories.History):
    """My Deposit → Deposit History."""

    model = DepositEntry
    name, title, file_title = "deposit", _("Deposit History"), "Deposit"
    section = _("My Deposit")
    names_itself = True
    permission = Permission.VIEW_HISTORY
    url_name, row_url_name = "deposits:history", "deposits:entry"
    action = TOP_UP
    counted = ngettext_lazy("%(shown)s entry", "%(shown)s entries", "number")
    report_is_oldest_first = True

    columns = (
        histories.DateTimeColumn(_("Date"), "created_at", card="meta"),
        EntryColumn(_("Entry"), "posting__kind", card="title", choices=PostingKind),
        SourceKindColumn(_("For"), "posting__source_type", card="line"),
        SourceColumn(_("Transaction ID"), "posting__source_id", card="line"),
        histories.ActorColumn(_("By"), "posting__by_name", card="hidden"),
        histories.MovedColumn(_("Amount"), "amount", card="amount"),
        histories.FeeColumn(_("Balance after"), "balance_after", card="meta"),
        histories.RupiahColumn(_("Credit"), "came_in", shown=False),
        histories.RupiahColumn(_("Debit"), "went_out", shown=False),
        histories.IdColumn(_("Posting"), "posting_id", shown=False),
    )
    search_hint = _("Transaction ID, amount or entry")
    search = (
        histories.Id(_("Transaction ID"), "posting__source_id"),
        histories.Id(_("Posting"), "posting_id"),
        MovedAmount(_("Amount"), "amount"),
        histories.ChoiceWords(_("Entry"), "posting__kind", KIND_WORDS),
    )
    filters = (
        histories.DateFilter("date", _("Date"), bases=(("created", _("Date"), "created_at"),)),
        histories.ChoiceFilter("kind", _("Entry"), "posting__kind", PostingKind),
        histories.ChoiceFilter("direction", _("Direction"), "direction", Direction),
        histories.TermFilter("amount", _("Amount"), MovedAmount("", "amount")),
    )
    summary = histories.Summary(
        *("posting__kind", PostingKind, ((_("Credit"), "came_in"), (_("Debit"), "went_out"))),
        head=_("Entry"),
        is_moved=True,
    )

    def closing(self) -> Iterator[tuple[Words, int]]:
        """Yield opening + credits − debits = closing, unless only some of the entries are shown.

        Where a balance doesn't follow from the one that stands before it, that is said too: the figures are wrong then.
        """
        if self.term or any(f is not self.date_filter for f in self.applied_filters):
            return
        rows = self.rows()
        first, last = rows.order_by("created_at", "id").first(), rows.first()
        moved = self.totals()
        yield _("Opening balance"), first.balance_after - first.amount if first else self._balance_before()
        yield _("Credits"), sum(int(row["came_in"] or 0) for row in moved)
        yield _("Debits"), sum(int(row["went_out"] or 0) for row in moved)
        yield _("Closing balance"), last.balance_after if last else self._balance_before()
        if breaks := self._breaks(first):
            yield _("This doesn’t close. Balances that don’t follow from the one before (please tell us)"), breaks

    def _breaks(self, first: DepositEntry | None) -> int:
        """Count the entries whose balance doesn't follow from the entry that stands before them."""
        order = [F("created_at"), F("id")]
        rows = self.rows().order_by(*order).annotate(before=Window(Lag("balance_after"), order_by=order))
        breaks = rows.filter(before__isnull=False).exclude(balance_after=F("before") + F("amount")).count()
        if first is not None:
            before = Q(created_at__lt=first.created_at) | Q(created_at=first.created_at, id__lt=first.id)
            breaks += first.balance_after - first.amount != self._balance_at(before)
        return breaks

    def _balance_before(self) -> int:
        """Return what was there before days on which nothing moved."""
        begins = self.date_filter.range(self.cleaned)[0] if self.date_filter else None
        if begins is None:
            return 0
        return self._balance_at(Q(created_at__lt=datetime.combine(begins, time.min, tzinfo=self.scope.zone)))

    def _balance_at(self, before: Q) -> int:
        """Return the balance after the last entry before some moment, however old it is."""
        entries = DepositEntry.objects.using(self.using).visible_to(self.scope, searched=True)
        last = entries.filter(before).order_by("created_at", "id").last()
        return last.balance_after if last else 0
