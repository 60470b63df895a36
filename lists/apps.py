from django.apps import AppConfig


class ListsConfig(AppConfig):
    name = "lists"
    verbose_name = "How people keep their histories"

    def ready(self) -> None:
        """Show every history as each person keeps it."""
        from flipdash.histories import pages
        from lists import frame, menu  # noqa: F401  (importing registers)
        from lists.settings import ListSettings

        pages.set_by(ListSettings)
