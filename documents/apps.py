from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DocumentsConfig(AppConfig):
    name = "documents"

    def ready(self) -> None:
        """Tell what can happen to reports and receipts, and who makes reports."""
        from documents import menu  # noqa: F401  (importing registers)
        from documents.reports import finder, frame, services, wording  # noqa: F401  (importing registers)
        from flipdash import events

        events.declare(
            {
                "report.requested": _("Report requested"),
                "report.cancelled": _("Report cancelled"),
                "report.made": _("Report ready"),
                "report.downloaded": _("Report downloaded"),
                "receipt.sent": _("Receipt sent"),
                "receipt.linked": _("Link to a receipt made"),
                "receipt.revoked": _("Link to a receipt revoked"),
            },
            areas={"report": _("Reports"), "receipt": _("Receipts")},
            facts={
                "history": events.Fact(_("History"), wording.history),
                "asked": events.Fact(_("Asked for"), wording.asked),
                "format": events.Fact(_("Format"), wording.file_format),
                "with_fee": _("Fee shown"),
            },
        )
