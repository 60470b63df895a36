"""Accept Payment → Settlements: what of the payments reached the deposit, one row for each day."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from accounts.permissions import Permission
from flipdash import formats, histories
from flipdash.histories.columns import Column, Page, Row, Write, linked
from flipdash.words import Words
from transactions.models import SettlementRun
from transactions.payments import calendar, settling
from transactions.payments.link_history import CountColumn

Status = SettlementRun.Status
AHEAD = timedelta(days=60)
"""How far the calendar looks."""


@dataclass(frozen=True)
class DayColumn(Column):
    """A day, which opens its row."""

    def text(self, row: Row) -> str:
        return formats.day(row[self.field])

    def writer(self, page: Page) -> Write:
        return linked(self, page)


class SettlementHistory(histories.History):
    """Accept Payment → Settlements, each with its payments, their fees, and what the deposit got."""

    model = SettlementRun
    name, title, file_title = "settlements", _("Settlements"), "Settlements"
    section = _("Accept Payment")
    names_itself = True
    permission = Permission.VIEW_HISTORY
    url_name, row_url_name = "transactions:settlements", "transactions:settlement"
    everything = _("All settlements")
    counted = ngettext_lazy("%(shown)s settlement", "%(shown)s settlements", "number")
    ledger_source = settling.SOURCE
    detail_template = "payments/settlement.html"
    is_looked_up = False

    columns = (
        histories.IdColumn(_("Settlement ID"), "id", gives_way=1),
        DayColumn(_("Settlement Date"), "day", card="title"),
        histories.StatusColumn(_("Status"), "status", card="state", choices=Status),
        CountColumn(_("Payments"), "count", card="meta"),
        histories.FeeColumn(_("Amount"), "amount", card="meta"),
        histories.FeeColumn(_("Fee"), "fee", card="meta", gives_way=5),
        histories.RupiahColumn(_("Settled Amount"), "net", card="amount"),
        histories.DateTimeColumn(_("Settled Date"), "posted_at", gives_way=3),
        histories.DateTimeColumn(_("Created Date"), "created_at", shown=False),
    )
    search_hint = _("Settlement ID, amount or status")
    search = (
        histories.Id(_("Settlement ID"), "id"),
        histories.Amount(_("Settled Amount"), "net"),
        histories.ChoiceWords(_("Status"), "status", Status.words()),
    )
    filters = (
        histories.DateFilter("date", _("Date"), bases=(("created", _("Created Date"), "created_at"),)),
        histories.ChoiceFilter("status", _("Status"), "status", Status),
    )
    summary = histories.Summary(
        "status", Status, ((_("Settled Amount"), "net"), (_("Amount"), "amount"), (_("Fee"), "fee"))
    )

    @property
    def notice(self) -> Words:
        """Say when the deposit gets what is paid today, and on which days of the next weeks nothing is settled."""
        words = _(
            "What is paid on one day reaches the deposit on the next day on which banks work: "
            "what is paid today, on %(day)s."
        )
        said = [words % {"day": formats.weekday(calendar.banking_day_after(self.today))}]
        if closed := calendar.closed_in_words(self.today, self.today + AHEAD):
            said.append(_("Banks are closed on Saturdays, Sundays and: %(closed)s.") % {"closed": closed})
        return " ".join(map(str, said))
