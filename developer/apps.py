from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DeveloperConfig(AppConfig):
    name = "developer"
    verbose_name = _("Developer")

    def ready(self) -> None:
        """Make known what developers do."""
        from developer import leaving, mails, menu, operations, sealed  # noqa: F401  (importing registers)
        from developer.callbacks import abroad, facts, kinds, resending  # noqa: F401  (importing registers)
        from developer.callbacks import history as callbacks  # noqa: F401
        from developer.calls import history as calls  # noqa: F401
        from developer.keys import own, rights  # noqa: F401
        from flipdash import events

        events.declare(
            {
                "api-key.made": _("API key made"),
                "api-key.changed": _("API Secret Key changed"),
                "api-key.ended": _("API key ended"),
                "api-key.shown": _("API key shown"),
                "api-key.code-sent": _("Code for an API key sent"),
                "validation-token.shown": _("Validation Token shown"),
                "validation-token.changed": _("Validation Token changed"),
                "signature-key.saved": _("Public key for signatures saved"),
                "signature-key.removed": _("Public key for signatures removed"),
            },
            areas={
                "api-key": _("API keys"),
                "validation-token": _("Validation Token"),
                "signature-key": _("Public key for signatures"),
            },
            facts={
                "fingerprint": _("Fingerprint"),
                "key": _("Key"),
                "works_on_hours": _("Hours that the old key works on"),
                "replaced": _("Old key"),
            },
        )
