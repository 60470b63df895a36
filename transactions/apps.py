from django.apps import AppConfig


class TransactionsConfig(AppConfig):
    name = "transactions"

    def ready(self) -> None:
        """Make the histories and the kinds of import known by their names; tell the deposit what moves it and waits."""
        from deposits.ledger import sources
        from deposits.overview import waiting as deposit
        from transactions import checks, histories, imports, pending, waiting  # noqa: F401  (registers)

        for history in (histories.TransferHistory, histories.InternationalHistory, histories.PaymentHistory):
            sources.register(history.ledger_source, history.section, history.row_url_name)
        deposit.register(pending.waiting)
