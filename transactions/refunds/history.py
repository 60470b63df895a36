"""Refund → Refund History."""

from dataclasses import dataclass
from typing import ClassVar

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from accounts.permissions import Permission
from flipdash import histories
from flipdash.histories.columns import Row
from flipdash.words import Words
from transactions.afterwards import afterwards_filter, disputed_column, status_column
from transactions.destinations import FULL_NAMES, NAMES, Kind, words_of
from transactions.failures import reason_column, reason_filter, reason_words
from transactions.models import Refund, RefundStatus
from transactions.reasons import SENDING
from transactions.transfers.history import BANK_OPTIONS


@dataclass(frozen=True)
class PaymentColumn(histories.CodeColumn):
    """The payment of which it gives back something, by its number: text everywhere, as all numbers of 19 digits."""

    def text(self, row: Row) -> str:
        """Return the number."""
        return str(row[self.field])


@dataclass(frozen=True)
class PaymentId(histories.Id):
    """The payment's own number."""

    never: ClassVar[Words] = _("This is not the Transaction ID of a payment.")


class RefundHistory(histories.History):
    """Refund → Refund History."""

    model = Refund
    name, title, file_title = "refunds", _("Refund History"), "Refund"
    section = _("Refund")
    names_itself = True
    permission = Permission.REQUEST_REFUND
    url_name, row_url_name = "transactions:refunds", "transactions:refund-detail"
    action = histories.Action(_("Request Refund"), "transactions:refund-request", Permission.REQUEST_REFUND)
    about, detail_template = _("to %(beneficiary_name)s · %(bank)s %(account_number)s"), "refunds/refund.html"
    ledger_source = "refund"
    everything = _("All refunds")
    counted = ngettext_lazy("%(shown)s refund", "%(shown)s refunds", "number")

    columns = (
        histories.IdColumn(_("Transaction ID"), "id"),
        status_column(RefundStatus),
        PaymentColumn(_("Payment ID"), "payment_id", shown=False),
        histories.KindColumn(
            _("Destination"),
            "bank",
            card="line",
            names=NAMES,
            full_names=FULL_NAMES,
            kinds=Kind,
            kind_field="destination_kind",
            gives_way=4,
        ),
        histories.AccountColumn(_("Account Number"), "account_number", card="line", gives_way=4),
        histories.Column(_("Beneficiary Name"), "beneficiary_name", card="title"),
        histories.RupiahColumn(_("Amount"), "amount", card="amount"),
        histories.FeeColumn(_("Fee"), "fee", bare=True, gives_way=1),
        histories.Column(_("Reason for the refund"), "cause", card="meta", gives_way=3),
        histories.NameColumn(_("Maker Name"), "maker_name", gives_way=2),
        histories.DateTimeColumn(_("Created Date"), "created_at", card="meta"),
        histories.DateTimeColumn(_("Completed Date"), "completed_at", after="created_at", gives_way=2),
        histories.Column(_("Internal Reference"), "internal_reference", shown=False),
        histories.Column(_("Payment"), "payment__title", shown=False),
        histories.Column(_("Sender Name"), "payment__sender_name", shown=False),
        histories.Column(_("Account holder"), "holder_name", shown=False),
        histories.Column(_("Why another account or name"), "name_reason", shown=False),
        histories.Column(_("Approved By"), "approver_name", shown=False),
        histories.Column(_("Bank Reference"), "bank_reference", shown=False),
        histories.DateTimeColumn(_("Returned Date"), "returned_at", shown=False),
        reason_column(SENDING, instead_of=("completed_at",)),
        disputed_column(),
    )
    search_hint = _("Transaction ID, payment ID, account number, amount, name, reason or reference")
    search = (
        histories.Id(_("Transaction ID"), "id"),
        PaymentId(_("Payment ID"), "payment"),
        histories.AccountNumber(_("Account Number"), "account_number"),
        histories.Amount(_("Amount"), "amount"),
        histories.Code(_("Internal Reference"), "internal_reference"),
        histories.ChoiceWords(_("Status"), "status", RefundStatus.words()),
        reason_words(SENDING),
        histories.ChoiceWords(_("Bank"), "bank", {code: words_of(code) for code in NAMES}),
        histories.Text((_("Beneficiary Name"), _("Reason for the refund")), Refund.words, has_keys=False),
    )
    filters = (
        histories.DateFilter(
            "date",
            _("Date"),
            bases=(("created", _("Created Date"), "created_at"), ("completed", _("Completed Date"), "completed_at")),
        ),
        histories.ChoiceFilter("status", _("Status"), "status", RefundStatus),
        reason_filter(SENDING),
        afterwards_filter(),
        histories.TermFilter("payment", _("Payment ID"), PaymentId("", "payment")),
        histories.TermFilter("amount", _("Amount"), histories.Amount("", "amount")),
        histories.ChoiceFilter("destination", _("Bank / VA / E-Wallet"), "destination_kind", Kind),
        histories.ChoiceFilter("bank", _("Single bank"), "bank", BANK_OPTIONS, multiple=False),
    )
    summary = histories.Summary("status", RefundStatus, ((_("Amount"), "amount"), (_("Fee"), "fee")))
