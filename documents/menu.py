"""Files in the menu."""

from django.utils.translation import gettext_lazy as _

from accounts.permissions import Permission
from flipdash.menu import Entry, Section, beside, declare

declare(
    Section("document", _("Document"), "file-text", 70),
    Entry(_("Invoices"), "documents:invoices", Permission.DOWNLOAD_REPORTS),
    Entry(_("Statements"), "documents:statements", Permission.DOWNLOAD_REPORTS),
    Entry(_("Reports"), "documents:reports", Permission.DOWNLOAD_REPORTS),
    Entry(_("Schedules"), "documents:schedules", Permission.DOWNLOAD_REPORTS),
    Entry(_("Files"), "documents:files", Permission.DOWNLOAD_REPORTS),
)
beside(_("Document"), Entry(_("Report templates"), "documents:templates", Permission.DOWNLOAD_REPORTS))
