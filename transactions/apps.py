from django.apps import AppConfig


class TransactionsConfig(AppConfig):
    name = "transactions"

    def ready(self) -> None:
        """Make the histories known, so that a report can be rebuilt from its history's name."""
        from transactions import histories  # noqa: F401
