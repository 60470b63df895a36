from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ImportsConfig(AppConfig):
    name = "imports"

    def ready(self) -> None:
        """Tell what can happen to imports, and who works on them."""
        from flipdash import events
        from imports import menu, services, undo  # noqa: F401  (importing registers)

        events.declare(
            {
                "import.uploaded": _("File for import uploaded"),
                "import.columns": _("Columns of an import chosen"),
                "import.confirmed": _("Import confirmed"),
                "import.cancelled": _("Import cancelled"),
                "import.done": _("Records imported"),
                "import.undo": _("Taking an import back asked for"),
                "import.undone": _("Import taken back"),
            },
            areas={"import": _("Imports")},
            facts={"added": _("Added"), "sha256": _("SHA-256 of the file")},
        )
