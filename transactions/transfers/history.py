"""Money Transfer → Transaction History."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Member
from accounts.permissions import Permission
from flipdash import histories
from flipdash.scope import Scope
from transactions.afterwards import afterwards_filter, disputed_column, status_column
from transactions.destinations import FULL_NAMES, NAMES, Kind, full_label, words_of
from transactions.failures import reason_column, reason_filter, reason_words
from transactions.models import MoneyTransfer, Status, TransferBatch, Via
from transactions.reasons import SENDING

BANK_OPTIONS = tuple((code, full_label(code)) for code in sorted(NAMES, key=lambda code: NAMES[code].casefold()))
"""By the name that the table shows, which is what people type."""


def _batches(scope: Scope) -> QuerySet:
    """Return the batches to choose from, the newest first."""
    return TransferBatch.objects.visible_to(scope).order_by("-created_at", "-id")


def _people(scope: Scope) -> QuerySet:
    """Return who may have made or approved one: the members, those who left included."""
    members = Member.objects.filter(business_id=scope.business.pk).select_related("user")
    return members.order_by("user__name", "pk")


BY_ROW = (
    histories.RowFilter("batch", _("Batch"), "batch", _batches, brought="batches"),
    histories.ActorFilter("maker", _("Maker"), "maker", _people, brought="people"),
    histories.ActorFilter("approver", _("Approved By"), "approver", _people, brought="people"),
)
"""Filters by what stands in other tables."""
MADE_HERE = (
    histories.DateTimeColumn(_("Send on"), "send_at", shown=False),
    histories.Column(_("Account holder"), "holder_name", shown=False),
    histories.NoteColumn(_("Why the name differs"), "name_reason", shown=False),
    histories.Column(_("Beneficiary Email"), "beneficiary_email", shown=False),
)
"""What is known of transfers that are made here. Last: reports keep the order of the columns that there were."""


class TransferHistory(histories.History):
    """Money Transfer → Transaction History."""

    model = MoneyTransfer
    name, title, file_title = "money-transfers", _("Transaction History"), "Money Transfer"
    section = _("Money Transfer")
    permission = Permission.VIEW_HISTORY
    url_name, row_url_name = "transactions:transfers", "transactions:transfer-detail"
    about, detail_template = _("to %(beneficiary_name)s · %(bank)s %(account_number)s"), "transactions/detail.html"
    ledger_source = "money_transfer"

    columns = (
        histories.IdColumn(_("Transaction ID"), "id", external="external_id"),
        status_column(Status),
        histories.KindColumn(
            _("Transfer Destination"),
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
        histories.Column(_("Remark"), "remark", card="meta", gives_way=3),
        histories.NameColumn(_("Maker Name"), "maker_name", gives_way=2),
        histories.DateTimeColumn(_("Created Date"), "created_at", card="meta"),
        histories.DateTimeColumn(_("Completed Date"), "completed_at", after="created_at", gives_way=2),
        histories.Column(_("Internal Reference"), "internal_reference", shown=False),
        histories.Column(_("Batch"), "batch__name", shown=False),
        histories.Column(_("Approved By"), "approver_name", shown=False),
        histories.Column(_("Bank Reference"), "bank_reference", shown=False),
        histories.ChoiceColumn(_("Created via"), "via", shown=False, choices=Via),
        histories.Column(_("External ID"), "external_id", shown=False),
        histories.DateTimeColumn(_("Returned Date"), "returned_at", shown=False),
        reason_column(SENDING, instead_of=("completed_at",)),
        *MADE_HERE,
        disputed_column(),
    )
    search_hint = _("Transaction ID, account number, amount, beneficiary name or remark")
    search = (
        histories.Id(_("Transaction ID"), "id", external="external_id"),
        histories.AccountNumber(_("Account Number"), "account_number"),
        histories.Amount(_("Amount"), "amount"),
        histories.Code(_("External ID"), "external_id"),
        histories.ChoiceWords(_("Status"), "status", Status.words(), in_order_except=(Status.SUCCESSFUL,)),
        reason_words(SENDING),
        histories.ChoiceWords(_("Bank"), "bank", {code: words_of(code) for code in NAMES}),
        histories.Text((_("Beneficiary Name"), _("Remark")), MoneyTransfer.words),
    )
    filters = (
        histories.DateFilter(
            "date",
            _("Date"),
            bases=(("created", _("Created Date"), "created_at"), ("completed", _("Completed Date"), "completed_at")),
        ),
        histories.ChoiceFilter("status", _("Status"), "status", Status, in_order_except=(Status.SUCCESSFUL,)),
        reason_filter(SENDING),
        afterwards_filter(),
        histories.ChoiceFilter("destination", _("Bank / VA / E-Wallet"), "destination_kind", Kind),
        histories.ChoiceFilter("bank", _("Single bank"), "bank", BANK_OPTIONS, multiple=False),
        histories.ChoiceFilter("via", _("Created via"), "via", Via),
        *BY_ROW,
    )
    summary = histories.Summary("status", Status, ((_("Amount"), "amount"), (_("Fee"), "fee")))
    receipt = histories.Receipt(
        _("Transfer receipt"),
        business=_("From"),
        about=("beneficiary_name", "bank", "account_number", "remark"),
        record=("id", "bank_reference", "created_at", "completed_at"),
        figures=("amount", "fee"),
        total=_("Taken from deposit"),
        party="beneficiary_name",
        at="completed_at",
        known_by=("bank", "account_number"),
    )
