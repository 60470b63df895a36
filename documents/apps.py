from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DocumentsConfig(AppConfig):
    name = "documents"

    def ready(self) -> None:
        """Tell what can happen to reports, and who makes them."""
        from documents import menu  # noqa: F401  (importing registers)
        from documents.reports import finder, services  # noqa: F401  (importing registers)
        from flipdash import events

        events.declare(
            {
                "report.requested": _("Report requested"),
                "report.made": _("Report ready"),
                "report.downloaded": _("Report downloaded"),
            },
            areas={"report": _("Reports")},
            facts={"history": _("History"), "query": _("Search and filters"), "format": _("Format")},
        )
