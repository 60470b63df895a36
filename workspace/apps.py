from django.apps import AppConfig


class WorkspaceConfig(AppConfig):
    name = "workspace"
    verbose_name = "How people keep their histories"

    def ready(self) -> None:
        """Show every history as each person keeps it."""
        from flipdash.histories import pages
        from workspace.desk import Desk

        pages.kept_by(Desk)
