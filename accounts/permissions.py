"""Who may do what: product.md §3's table, once. The gate that asks it is flipdash/gate.py.

Role names appear here and nowhere else. Everything asks `scope.can(Permission.…)`; every view says what it
needs with `@requires(Permission.…)`, or says that it is for `@everybody` or `@public` (flipdash/gate.py).
"""

from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _

from flipdash.gate import View as View
from flipdash.gate import refuse as refuse
from flipdash.gate import requires as requires


class Permission(StrEnum):
    """The nine rows of the table."""

    VIEW_HISTORY = "history:view"
    DOWNLOAD_REPORTS = "reports:download"
    TOP_UP_DEPOSIT = "deposit:top-up"
    CREATE_TRANSACTIONS = "transactions:create"
    APPROVE_TRANSACTIONS = "transactions:approve"
    REQUEST_REFUND = "refunds:request"
    MANAGE_API = "api:manage"
    MANAGE_ACCOUNT = "account:manage"
    MANAGE_MEMBERS = "members:manage"

    @property
    def label(self) -> str:
        """The row's words, as product.md writes them."""
        return str(LABELS[self])


LABELS = {
    Permission.VIEW_HISTORY: _("View Transaction and Deposit History"),
    Permission.DOWNLOAD_REPORTS: _("Download Transaction and Deposit Reports"),
    Permission.TOP_UP_DEPOSIT: _("Top Up Deposit"),
    Permission.CREATE_TRANSACTIONS: _("Create Transactions"),
    Permission.APPROVE_TRANSACTIONS: _("Approve Transactions"),
    Permission.REQUEST_REFUND: _("Request Refund and View Refund Transaction History"),
    Permission.MANAGE_API: _("Managing the API"),
    Permission.MANAGE_ACCOUNT: _("Account & Profile Settings"),
    Permission.MANAGE_MEMBERS: _("Multi Account Settings"),
}


class Role(models.TextChoices):
    """The eight columns of the table, in its order."""

    ADMIN = "admin", _("Admin")
    APPROVER = "approver", _("Approver")
    REVIEWER = "reviewer", _("Reviewer")
    DEPOSIT_ADMIN = "deposit_admin", _("Deposit Admin")
    EXECUTOR = "executor", _("Executor")
    MAKER = "maker", _("Maker")
    DEVELOPER = "developer", _("Developer")
    CUSTOMER_SERVICE = "customer_service", _("Customer Service")


IN_A_SENTENCE = {
    Role.ADMIN: _("Does everything, and manages people, settings and the API."),
    Role.APPROVER: _("Approves what others made and tops up the deposit; makes no transactions."),
    Role.REVIEWER: _("Looks at everything and downloads reports; changes nothing."),
    Role.DEPOSIT_ADMIN: _("Tops up the deposit and asks for refunds; sends no money."),
    Role.EXECUTOR: _("Makes and approves transactions, tops up and asks for refunds."),
    Role.MAKER: _("Makes transactions that somebody else approves."),
    Role.DEVELOPER: _("Connects your systems: API keys, callbacks and logs."),
    Role.CUSTOMER_SERVICE: _("Looks up the last 7 days and asks for refunds."),
}
"""Each role in one sentence; what it may do in the permission table's words stands behind it."""


# fmt: off
TABLE = {
    #                                Admin  Appr  Revi  DepA  Exec  Make  Deve  CuSe
    Permission.VIEW_HISTORY:         "yes   yes   yes   yes   yes   yes   yes   7days",
    Permission.DOWNLOAD_REPORTS:     "yes   yes   yes   yes   yes   yes   yes   -",
    Permission.TOP_UP_DEPOSIT:       "yes   yes   -     yes   yes   -     -     -",
    Permission.CREATE_TRANSACTIONS:  "yes   -     -     -     yes   yes   -     -",
    Permission.APPROVE_TRANSACTIONS: "yes   yes   -     -     yes   -     -     -",
    Permission.REQUEST_REFUND:       "yes   -     -     yes   yes   -     -     yes",
    Permission.MANAGE_API:           "yes   -     -     -     -     -     yes   -",
    Permission.MANAGE_ACCOUNT:       "yes   -     -     -     -     -     -     -",
    Permission.MANAGE_MEMBERS:       "yes   -     -     -     -     -     -     -",
}
# fmt: on

CELLS = {(role, p): cell for p, row in TABLE.items() for role, cell in zip(Role, row.split(), strict=True)}
ROLE_PERMISSIONS = {role: frozenset(p for p in Permission if CELLS[role, p] != "-") for role in Role}
RECENT_ONLY = frozenset(role for role in Role if CELLS[role, Permission.VIEW_HISTORY] == "7days")


def grants_admin(role: str) -> bool:
    """Return whether the role may manage people, and so is given after re-authentication only."""
    return Permission.MANAGE_MEMBERS in ROLE_PERMISSIONS[Role(role)]


def everybody(view: View) -> View:
    """Mark a view that every signed-in person of a business may see, whatever the role."""
    view.permission = "everybody"  # type: ignore[attr-defined]  # the mark that the access walk reads
    return view


def without_second_factor(view: View) -> View:
    """Mark a view that is open also to whoever still has to set up the second step that the business requires."""
    view.without_second_factor = True  # type: ignore[attr-defined]  # a mark, likewise
    return view


def operators_too(view: View) -> View:
    """Mark a view about oneself that the operator's people need too, who belong to no business."""
    view.operators_too = True  # type: ignore[attr-defined]  # a mark, likewise
    return view
