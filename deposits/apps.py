from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DepositsConfig(AppConfig):
    name = "deposits"
    verbose_name = _("Deposits")

    def ready(self) -> None:
        """Make known what the deposit tells, its histories, what moves it and what waits."""
        from deposits import banks, frame, menu, operations  # noqa: F401  (importing registers)
        from deposits.ledger import history, sources  # noqa: F401  (importing registers)
        from deposits.overview import pending
        from deposits.statements import services  # noqa: F401  (importing registers)
        from deposits.topups import checks, crediting  # noqa: F401  (importing registers)
        from deposits.topups import history as top_ups
        from flipdash import events

        events.declare(
            {
                "top-up.requested": _("Top-up requested"),
                "top-up.marked": _("Top-up marked as transferred"),
                "top-up.cancelled": _("Top-up cancelled"),
                "top-up.expired": _("Top-up expired"),
                "top-up.credited": _("Top-up credited"),
                "top-up.reversed": _("Top-up taken back"),
                "deposit.warning-changed": _("Low-deposit warning changed"),
            },
            areas={"top-up": _("Top-ups"), "deposit": _("Deposit")},
            facts={
                "bank": events.Fact(_("Bank"), lambda bank: banks.NAMES.get(bank, bank)),
                "requested_by": _("Requested by"),
            },
        )
        sources.register("top_up", _("Top-up"), "deposits:top-up-detail")
        sources.register("business", _("Opening"))
        sources.register("posting", _("Posting"))
        pending.register(top_ups.pending)
