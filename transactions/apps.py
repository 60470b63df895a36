from django.apps import AppConfig


class TransactionsConfig(AppConfig):
    name = "transactions"

    def ready(self) -> None:
        """Make the histories and the kinds of import known, so that work can be taken up by their names."""
        from transactions import histories, imports, waiting  # noqa: F401
