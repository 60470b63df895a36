"""Accept Payment → Payment History."""

import re
from dataclasses import dataclass
from typing import ClassVar

from django.db.models import Q, Subquery
from django.utils.translation import gettext_lazy as _

from accounts.permissions import Permission
from flipdash import histories
from flipdash.histories.columns import Row
from flipdash.histories.search import BIGGEST_ID, ID_DIGITS, Calendar, Meaning, digits_of
from flipdash.words import Words
from transactions import channels
from transactions.failures import reason_column, reason_filter, reason_words
from transactions.models import Payment, PaymentLink, PaymentStatus, SettledPayment, Settlement
from transactions.reasons import PAYING

SLUG = re.compile(r"[A-Za-z0-9_-]{22,43}")
"""The name of a payment link."""


def slug_in(term: str) -> str:
    """Return the name of a link that somebody wrote, or pasted with its whole address; "" where it is none."""
    slug = term.rstrip("/").rpartition("/")[2]
    return slug if SLUG.fullmatch(slug) else ""


@dataclass(frozen=True)
class LinkCode(histories.Code):
    """The link that was paid by, as its name or its whole address."""

    def condition(self, term: str) -> list[Q]:
        """Match payments by the link of that name."""
        slug = slug_in(term)
        return [Q(link=Subquery(PaymentLink.objects.filter(slug=slug).values("pk")[:1]))] if slug else []

    def meaning(self, said: str, calendar: Calendar) -> Meaning | None:
        """Return the link, which has an index of its own."""
        conditions = self.condition(said)
        return Meaning(self.field, self.label, conditions[0]) if conditions else None


@dataclass(frozen=True)
class SettlementId(histories.Id):
    """The settlement that brought payments into the deposit, by its number."""

    never: ClassVar[Words] = _("This is not a Settlement ID.")

    def _own(self, term: str) -> list[Q]:
        digits = digits_of(term)
        if len(digits) not in ID_DIGITS or int(digits) > BIGGEST_ID:
            return []
        return [Q(pk__in=SettledPayment.objects.filter(run=int(digits)).values("payment"))]


@dataclass(frozen=True)
class SettlementColumn(histories.CodeColumn):
    """The settlement of a payment, by its number."""

    def text(self, row: Row) -> str:
        return str(row[self.field] or "")


RECEIPT = histories.Receipt(
    _("Payment receipt"),
    business=_("Paid to"),
    about=("sender_name", "sender_email", "title", "channel"),
    record=("id", "reference", "paid_at"),
    figures=("amount",),
    party="sender_name",
    at="paid_at",
    known_by=("sender_email",),
    email="sender_email",
)


class PaymentHistory(histories.History):
    """Accept Payment → Payment History."""

    model = Payment
    name, title, file_title = "payments", _("Payment History"), "Accept Payment"
    section = _("Accept Payment")
    permission = Permission.VIEW_HISTORY
    url_name, row_url_name = "transactions:payments", "transactions:payment-detail"
    about, detail_template = _("from %(sender_name)s · %(channel)s · %(title)s"), "payments/payment.html"
    ledger_source = "payment"
    action = histories.Action(_("Settlements"), "transactions:settlements", Permission.VIEW_HISTORY, icon="wallet")

    columns = (
        histories.IdColumn(_("Transaction ID"), "id", external="external_id"),
        histories.CodeColumn(_("Payment Link"), "link__slug", gives_way=1),
        histories.Column(_("Payment"), "title", card="line", gives_way=5),
        histories.Column(_("Sender Name"), "sender_name", card="title"),
        histories.KindColumn(
            _("Channel"),
            "channel",
            card="meta",
            names=channels.NAMES,
            kinds=channels.ChannelKind,
            kind_field="channel_kind",
            gives_way=4,
        ),
        histories.RupiahColumn(_("Amount"), "amount", card="amount"),
        histories.StatusColumn(_("Status"), "status", card="state", choices=PaymentStatus),
        histories.StatusColumn(_("Settlement Status"), "settlement_status", choices=Settlement, gives_way=3),
        histories.CodeColumn(_("Transaction Reference No"), "reference", gives_way=2),
        histories.FeeColumn(_("Settled Amount"), "settled_amount", bare=True, gives_way=2),
        histories.DateTimeColumn(_("Created Date"), "created_at", card="meta"),
        histories.DateTimeColumn(_("Paid Date"), "paid_at", after="created_at", gives_way=3),
        histories.FeeColumn(_("Fee"), "fee", shown=False),
        histories.CodeColumn(_("Sender Email"), "sender_email", shown=False),
        histories.DateTimeColumn(_("Settled Date"), "settled_at", shown=False),
        SettlementColumn(_("Settlement ID"), "settled_in__run_id", shown=False),
        histories.Column(_("External ID"), "external_id", shown=False),
        reason_column(PAYING, instead_of=("settlement_status", "settled_amount", "paid_at")),
    )
    search_hint = _("Transaction ID, title, sender, amount, status, reference or payment link")
    search = (
        histories.Id(_("Transaction ID"), "id", external="external_id"),
        histories.Amount(_("Amount"), "amount"),
        histories.Code(_("Transaction Reference No"), "reference"),
        histories.Code(_("Sender Email"), "sender_email"),
        histories.Code(_("External ID"), "external_id"),
        LinkCode(_("Payment Link"), "link"),
        histories.ChoiceWords(_("Channel"), "channel", channels.WORDS),
        histories.ChoiceWords(_("Transaction Status"), "status", PaymentStatus.words(), in_order_except=()),
        histories.ChoiceWords(_("Settlement Status"), "settlement_status", Settlement.words(), in_order_except=()),
        reason_words(PAYING),
        histories.Text((_("Title"), _("Sender Name")), Payment.words),
    )
    filters = (
        histories.DateFilter(
            "date",
            _("Date"),
            bases=(("created", _("Created Date"), "created_at"), ("paid", _("Paid Date"), "paid_at")),
        ),
        histories.TermFilter("id", _("Transaction ID"), histories.Id("", "id", external="external_id")),
        histories.TextFilter("title", _("Title"), "title"),
        histories.TextFilter("sender", _("Sender Name"), "sender_name"),
        histories.TermFilter("amount", _("Amount"), histories.Amount("", "amount")),
        histories.ChoiceFilter("status", _("Status"), "status", PaymentStatus, in_order_except=()),
        reason_filter(PAYING),
        histories.ChoiceFilter("channel", _("Channel"), "channel_kind", channels.ChannelKind),
        histories.ChoiceFilter(
            "settlement", _("Settlement Status"), "settlement_status", Settlement, in_order_except=()
        ),
        histories.TermFilter("run", _("Settlement ID"), SettlementId("", "settled_in__run")),
    )
    summary = histories.Summary(
        "status",
        PaymentStatus,
        ((_("Amount"), "amount"), (_("Fee"), "fee"), (_("Settled Amount"), "settled_amount")),
    )
    receipt = RECEIPT
