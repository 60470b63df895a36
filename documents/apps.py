from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DocumentsConfig(AppConfig):
    name = "documents"

    def ready(self) -> None:
        """Tell what can happen to reports, statements, receipts and invoices, and who makes them."""
        from documents import menu, stored  # noqa: F401  (importing registers)
        from documents.files import ours  # noqa: F401  (importing registers)
        from documents.invoices import checks, papers  # noqa: F401  (importing registers)
        from documents.invoices import finder as invoice_finder  # noqa: F401  (importing registers)
        from documents.invoices import services as invoices  # noqa: F401  (its worker is known)
        from documents.layouts import frame as layouts  # noqa: F401  (importing registers)
        from documents.receipts import dependents, making, sealed  # noqa: F401  (importing registers, and its worker is known)
        from documents.reports import finder, frame, services, wording  # noqa: F401  (importing registers)
        from documents.schedules import services as schedules  # noqa: F401  (hears of reports, and of templates that go)
        from documents.schedules import wording as schedule_wording
        from documents.statements import finder as statement_finder  # noqa: F401  (importing registers)
        from documents.statements import services as statements  # noqa: F401  (its worker is known)
        from flipdash import events, money

        events.declare(
            {
                "report.requested": _("Report requested"),
                "report.cancelled": _("Report cancelled"),
                "report.made": _("Report ready"),
                "report.downloaded": _("Report downloaded"),
                "report_template.kept": _("Report template kept"),
                "report_template.changed": _("Report template changed"),
                "report_template.deleted": _("Report template deleted"),
                "schedule.made": _("Scheduled report made"),
                "schedule.changed": _("Scheduled report changed"),
                "schedule.paused": _("Scheduled report paused"),
                "schedule.resumed": _("Scheduled report resumed"),
                "schedule.deleted": _("Scheduled report deleted"),
                "schedule.run": _("Scheduled report run"),
                "statement.requested": _("Statement requested"),
                "statement.cancelled": _("Statement cancelled"),
                "statement.made": _("Statement ready"),
                "statement.downloaded": _("Statement downloaded"),
                "receipt.sent": _("Receipt sent"),
                "receipt.linked": _("Link to a receipt made"),
                "receipt.revoked": _("Link to a receipt revoked"),
                "invoice.issued": _("Invoice issued"),
                "invoice.downloaded": _("Invoice downloaded"),
                "invoice.paper": _("Paper attached to an invoice"),
                "invoice.readers": _("Who is mailed of invoices changed"),
            },
            areas={
                "report": _("Reports"),
                "report_template": _("Report templates"),
                "schedule": _("Scheduled Reports"),
                "statement": _("Statements"),
                "receipt": _("Receipts"),
                "invoice": _("Invoices"),
            },
            facts={
                "history": events.Fact(_("History"), wording.history),
                "asked": events.Fact(_("Asked for"), wording.asked),
                "format": events.Fact(_("Format"), wording.file_format),
                "with_fee": _("Fee shown"),
                "paused_why": events.Fact(_("Why"), schedule_wording.paused_why),
                "number": _("Number"),
                "total": events.Fact(_("Total"), money.rupiah),
                "paper": _("Paper"),
                "readers": _("Mailed"),
                "first": events.Fact(_("From"), wording.day),
                "last": events.Fact(_("To"), wording.day),
            },
        )
