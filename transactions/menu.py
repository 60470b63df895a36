"""What is sent and received, in the menu."""

from django.utils.translation import gettext_lazy as _

from accounts.permissions import Permission
from flipdash.menu import Entry, Section, beside, declare

declare(
    Section("approvals", _("Approvals"), "circle-check", 15),
    Entry(_("Approvals"), "transactions:approvals", Permission.APPROVE_TRANSACTIONS),
)
declare(
    Section("money-transfer", _("Money Transfer"), "arrow-left-right", 20),
    Entry(_("Create Transfer"), "transactions:transfer-create", Permission.CREATE_TRANSACTIONS),
    Entry(_("Bulk Transfer"), "transactions:bulk", Permission.CREATE_TRANSACTIONS),
    Entry(_("Transaction History"), "transactions:transfers", Permission.VIEW_HISTORY),
)
declare(
    Section("international-transfer", _("International Transfer"), "globe", 30),
    Entry(_("Create Transfer"), "transactions:international-create", Permission.CREATE_TRANSACTIONS),
    Entry(_("Transaction History"), "transactions:international", Permission.VIEW_HISTORY),
)
declare(
    Section("accept-payment", _("Accept Payment"), "hand-coins", 40),
    Entry(_("Payment Links"), "transactions:payment-links", Permission.VIEW_HISTORY),
    Entry(_("Payment History"), "transactions:payments", Permission.VIEW_HISTORY),
)
beside(_("Accept Payment"), Entry(_("Settlements"), "transactions:settlements", Permission.VIEW_HISTORY))
declare(
    Section("refund", _("Refund"), "undo-2", 60),
    Entry(_("Refund History"), "transactions:refunds", Permission.REQUEST_REFUND),
    Entry(_("Request Refund"), "transactions:refund-request", Permission.REQUEST_REFUND),
)
