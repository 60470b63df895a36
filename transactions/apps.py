from django.apps import AppConfig


class TransactionsConfig(AppConfig):
    name = "transactions"

    def ready(self) -> None:
        """Make the histories and the kinds of import known by their names, and to the deposit what moves it and waits."""
        from transactions import histories, imports, waiting  # noqa: F401
