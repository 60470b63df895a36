"""My Deposit → Top-Up History."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from accounts.permissions import Permission
from deposits import banks
from deposits.ledger.history import TOP_UP
from deposits.models import OPEN, TopUp, TopUpStatus
from deposits.overview.pending import Pending
from flipdash import histories
from flipdash.scope import Scope
from flipdash.searchkeys import SearchIndex

"""The button on top of the deposit's pages."""


class TopUpHistory(histories.History):
    """My Deposit → Top-Up History."""

    model = TopUp
    name, title, file_title = "top-ups", _("Top-Up History"), "Top-Up"
    section = _("My Deposit")
    names_itself = True
    permission = Permission.VIEW_HISTORY
    url_name, row_url_name = "deposits:top-ups", "deposits:top-up-detail"
    action = TOP_UP
    ledger_source = "top_up"
    everything = _("All top-ups")
    counted = ngettext_lazy("%(shown)s top-up", "%(shown)s top-ups", "number")
    detail_template = "deposits/top_up_detail.html"

    columns = (
        histories.IdColumn(_("Top-Up ID"), "id"),
        histories.StatusColumn(
            *(_("Status"), "status"),
            card="state",
            choices=TopUpStatus,
            tags=(histories.Tag("reversed", "reversed_at", _("Taken back")),),
        ),
        histories.RupiahColumn(_("Amount"), "exact_amount", card="amount"),
        histories.ChoiceColumn(_("Bank"), "bank", card="title", choices=banks.Bank),
        histories.Column(_("Note"), "note", card="line"),
        histories.FeeColumn(_("Credited"), "credited_amount"),
        histories.Column(_("Maker Name"), "maker_name"),
        histories.DateTimeColumn(_("Created Date"), "created_at", card="meta"),
        histories.DateTimeColumn(_("Credited Date"), "settled_at"),
        histories.FeeColumn(_("Amount asked for"), "amount", shown=False),
        histories.DateTimeColumn(_("Pay before"), "expires_at", shown=False),
        histories.DateTimeColumn(_("Marked as transferred"), "marked_at", shown=False),
        histories.Column(_("Sender's bank (ATM)"), "sender_bank", shown=False),
        histories.Column(_("Sender's name (ATM)"), "sender_name", shown=False),
        histories.DateTimeColumn(_("Taken back on"), "reversed_at", shown=False),
    )
    search_hint = _("Top-up ID, amount, bank, status or note")
    search = (
        histories.Id(_("Top-Up ID"), "id"),
        histories.Amount(_("Amount"), "exact_amount"),
        histories.ChoiceWords(_("Bank"), "bank", banks.WORDS),
        histories.ChoiceWords(_("Status"), "status", TopUpStatus.words()),
        histories.Text((_("Note"),), SearchIndex(("note",)), has_keys=False),
    )
    filters = (
        histories.DateFilter(
            "date",
            _("Date"),
            bases=(("created", _("Created Date"), "created_at"), ("credited", _("Credited Date"), "settled_at")),
        ),
        histories.ChoiceFilter("status", _("Status"), "status", TopUpStatus),
        histories.ChoiceFilter("bank", _("Bank"), "bank", banks.Bank),
    )
    summary = histories.Summary(
        "status", TopUpStatus, ((_("Amount"), "exact_amount"), (_("Credited"), "credited_amount"))
    )


def pending(scope: Scope) -> list[Pending]:
    """Return the top-ups that wait for a payment, or whose payment is looked for."""
    url = f"{reverse('deposits:top-ups')}?{'&'.join(f'status={status}' for status in OPEN)}"
    return [Pending(_("Open top-ups"), TopUp, "status", OPEN, "exact_amount", url)]
