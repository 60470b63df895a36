"""My Deposit → Deposit History: the account statement of what a business may spend."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from django.db.models import Q
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from accounts.permissions import Permission
from deposits.ledger import closing, sources
from deposits.models import DepositEntry, Direction, PostingKind
from flipdash import histories, money
from flipdash.histories.columns import DASH, Fact, Page, Row, Write, linked
from flipdash.scope import Scope
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
    PostingKind.CORRECTION: ("Correction", "Koreksi"),
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

    def fact(self, row: Row, scope: Scope | None = None) -> Fact:
        """Return the number with what it is, as a link where the scope may open it."""
        return {
            "label": self.label,
            "value": self.link(row, scope) if scope else self.text(row),
            "note": sources.label_of(row["posting__source_type"]),
        }

    def writer(self, page: Page) -> Write:
        """Return what writes the link and the Copy button; a business's own opening has nothing to open."""
        copy = page.copier(self.label)

        def write(row: Row) -> str:
            is_opening = row["posting__source_type"] == "business"
            return DASH if is_opening else f"{self.link(row, page.scope)}{copy(escape(self.text(row)))}"

        return write

    def link(self, row: Row, scope: Scope | None) -> SafeString:
        """Return the number, which leads to the page of what moved the money where the scope may open it."""
        url = sources.url_of(scope, row["posting__source_type"], row[self.field]) if scope else ""
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
    everything = _("All entries")
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

    def facts_of(self, row: Row) -> list[Fact]:
        """Return every field in words, and what moved the money as a link where the scope may open it."""
        link = next(column for column in self.columns if isinstance(column, SourceColumn))
        facts = super().facts_of(row)
        return [link.fact(row, self.scope) if fact["label"] == link.label else fact for fact in facts]

    def about_of(self, row: Row) -> SafeString:
        """Say of which amount and which fee the entry is."""
        source = row["posting__source_type"], row["posting__source_id"]
        return SafeString(escape(sources.parts_of(self.scope, *source, row["amount"])))

    def closing(self) -> Iterator[tuple[Words, int]]:
        """Yield opening + credits − debits = closing."""
        yield from closing.lines_of(self)

    def sums_of_many(self) -> list[tuple[str, str]]:
        """Return how any number of entries closes, or what its kinds come to, where the turnover knows it."""
        asked = {applied.name for applied in self.applied_filters}
        if self.term or asked - {"date", "kind"}:
            return []
        if "kind" in asked:
            return self.sums_by_state(self.summary, closing.kept_totals(self))
        return self.closing_in_words(closing.lines_of_many(self))

    def breaks(self) -> int:
        """Count the balances that don't follow from the one before."""
        return closing.breaks_of(self)
