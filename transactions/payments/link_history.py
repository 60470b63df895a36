"""Accept Payment → Payment Links."""

from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from accounts.permissions import Permission
from flipdash import histories, money
from flipdash.histories.columns import Page, Row, Write
from flipdash.histories.search import Calendar, Meaning
from transactions.models import PaymentLink
from transactions.payments.history import slug_in

Status = PaymentLink.Status


@dataclass(frozen=True)
class Slug(histories.Code):
    """The name of a link, or its whole address."""

    def condition(self, term: str) -> list[Q]:
        """Match the link of that name."""
        slug = slug_in(term)
        return [Q(slug=slug)] if slug else []

    def meaning(self, said: str, calendar: Calendar) -> Meaning | None:
        """Return the link, which has an index of its own."""
        conditions = self.condition(said)
        return Meaning(self.field, self.label, conditions[0]) if conditions else None


@dataclass(frozen=True)
class CountColumn(histories.FeeColumn):
    """How often: a number in the sheet."""

    def text(self, row: Row) -> str:
        """Return it with grouped digits."""
        return money.number(row[self.field])

    def writer(self, page: Page) -> Write:
        return self.text


class LinkHistory(histories.History):
    """Accept Payment → Payment Links, each with what it has collected."""

    model = PaymentLink
    name, title, file_title = "payment-links", _("Payment Links"), "Payment-Links"
    section = _("Accept Payment")
    names_itself = True
    permission = Permission.VIEW_HISTORY
    url_name, row_url_name = "transactions:payment-links", "transactions:payment-link"
    action = histories.Action(
        _("Create Payment Link"), "transactions:payment-link-create", Permission.CREATE_TRANSACTIONS
    )
    everything = _("All links")
    counted = ngettext_lazy("%(shown)s link", "%(shown)s links", "number")
    detail_template = "payments/link.html"

    columns = (
        histories.IdColumn(_("Link ID"), "id", gives_way=1),
        histories.Column(_("Title"), "title", card="title"),
        histories.StatusColumn(_("Status"), "status", card="state", choices=Status),
        histories.FeeColumn(_("Amount"), "amount", card="line"),
        histories.ChoiceColumn(_("Uses"), "uses", choices=PaymentLink.Uses, gives_way=3),
        histories.RupiahColumn(_("Collected"), "collected", card="amount"),
        CountColumn(_("Times Paid"), "paid_count", card="meta"),
        histories.CodeColumn(_("Payment Link"), "slug", gives_way=2),
        histories.DateTimeColumn(_("Created Date"), "created_at", card="meta"),
        histories.DateTimeColumn(_("Expires"), "expires_at", gives_way=2),
        histories.Column(_("Maker Name"), "maker_name", gives_way=4),
        histories.ChoiceColumn(_("Who bears the fee"), "fee_bearer", choices=PaymentLink.Bearer, shown=False),
        histories.CodeColumn(_("Redirect Link"), "redirect_url", shown=False),
    )
    search_hint = _("Title, payment link, link ID, amount or status")
    search = (
        histories.Id(_("Link ID"), "id"),
        histories.Amount(_("Amount"), "amount"),
        Slug(_("Payment Link"), "slug"),
        histories.ChoiceWords(_("Status"), "status", Status.words()),
        histories.Text((_("Title"),), PaymentLink.words, has_keys=False),
    )
    filters = (
        histories.DateFilter("date", _("Date"), bases=(("created", _("Created Date"), "created_at"),)),
        histories.ChoiceFilter("status", _("Status"), "status", Status),
        histories.ChoiceFilter("uses", _("Uses"), "uses", PaymentLink.Uses),
    )
    summary = histories.Summary("status", Status, ((_("Collected"), "collected"), (_("Times Paid"), "paid_count")))
