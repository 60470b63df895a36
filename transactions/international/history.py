"""International Transfer → Transaction History."""

from django.utils.translation import gettext_lazy as _

from accounts.permissions import Permission
from flipdash import histories
from transactions.afterwards import afterwards_filter, disputed_column, status_column
from transactions.failures import reason_column, reason_filter, reason_words
from transactions.models import Corridor, InternationalTransfer, Purpose, Status, Via
from transactions.reasons import SENDING


class InternationalHistory(histories.History):
    """International Transfer → Transaction History."""

    model = InternationalTransfer
    name, title, file_title = "international-transfers", _("Transaction History"), "International Transfer"
    section = _("International Transfer")
    permission = Permission.VIEW_HISTORY
    url_name, row_url_name = "transactions:international", "transactions:international-detail"
    about = _("to %(beneficiary_name)s · %(beneficiary_bank)s, %(country)s · %(account_number)s")
    detail_template = "transactions/detail.html"
    ledger_source = "international_transfer"

    columns = (
        histories.IdColumn(_("Transaction ID"), "id", external="external_id"),
        status_column(Status),
        histories.CountryColumn(_("Beneficiary Country"), "country", card="line", gives_way=4),
        histories.Column(_("Beneficiary Bank"), "beneficiary_bank", card="meta", gives_way=4),
        histories.Column(_("Beneficiary Name"), "beneficiary_name", card="title"),
        histories.AccountColumn(_("Account Number"), "account_number", gives_way=3),
        histories.RupiahColumn(_("Amount Sent"), "amount", card="amount"),
        histories.MoneyColumn(_("Amount Received"), "amount_received", card="line", gives_way=5),
        histories.Column(_("Currency"), "currency", shown=False),
        histories.DateTimeColumn(_("Created Date"), "created_at", card="meta"),
        histories.DateTimeColumn(_("Completed Date"), "completed_at", after="created_at", gives_way=2),
        histories.DecimalColumn(_("Rate"), "rate", shown=False),
        histories.FeeColumn(_("Fee"), "fee", shown=False),
        histories.ChoiceColumn(_("Purpose"), "purpose", shown=False, choices=Purpose),
        histories.Column(_("Maker Name"), "maker_name", shown=False),
        histories.Column(_("Approved By"), "approver_name", shown=False),
        histories.Column(_("Internal Reference"), "internal_reference", shown=False),
        histories.Column(_("Bank Reference"), "bank_reference", shown=False),
        histories.ChoiceColumn(_("Created via"), "via", shown=False, choices=Via),
        histories.Column(_("External ID"), "external_id", shown=False),
        histories.DateTimeColumn(_("Returned Date"), "returned_at", shown=False),
        reason_column(SENDING, instead_of=("completed_at",)),
        disputed_column(),
    )
    search_hint = _("Transaction ID or beneficiary name")
    search = (
        histories.Id(_("Transaction ID"), "id", external="external_id"),
        histories.Code(_("External ID"), "external_id"),
        histories.ChoiceWords(_("Status"), "status", Status.words(), in_order_except=(Status.SUCCESSFUL,)),
        reason_words(SENDING),
        histories.Text((_("Beneficiary Name"),), InternationalTransfer.words),
    )
    filters = (
        histories.DateFilter("date", _("Transaction created"), bases=(("created", _("Created Date"), "created_at"),)),
        histories.TextFilter("beneficiary", _("Beneficiary Name"), "beneficiary_name"),
        histories.ChoiceFilter("status", _("Status"), "status", Status, in_order_except=(Status.SUCCESSFUL,)),
        reason_filter(SENDING),
        afterwards_filter(),
        histories.ChoiceFilter(
            "country", _("Country"), "country", Corridor.countries, multiple=False, in_order_except=()
        ),
    )
    summary = histories.Summary(
        "status",
        Status,
        ((_("Amount Sent"), "amount"), (_("Fee"), "fee")),
        currency="currency",
        foreign=((_("Amount Received"), "amount_received"),),
    )
    receipt = histories.Receipt(
        _("International transfer receipt"),
        business=_("From"),
        about=("beneficiary_name", "country", "beneficiary_bank", "account_number", "purpose"),
        record=("id", "bank_reference", "created_at", "completed_at"),
        figures=("rate", "amount_received", "amount", "fee"),
        total=_("Taken from deposit"),
        party="beneficiary_name",
        at="completed_at",
        known_by=("country", "account_number"),
    )
