from django.apps import AppConfig


class TransactionsConfig(AppConfig):
    name = "transactions"

    def ready(self) -> None:
        """Make the products known: histories, kinds of import, what moves the deposit and what waits for it."""
        from deposits.ledger import sources
        from deposits.overview import pending as deposit
        from flipdash import tables
        from transactions import checks, frame, leaving, menu, pending  # noqa: F401  (importing registers)
        from transactions.international.history import InternationalHistory
        from transactions.international.importing import InternationalImport
        from transactions.payments.history import PaymentHistory
        from transactions.payments.importing import PaymentImport
        from transactions.rails import simulator  # noqa: F401  (its worker)
        from transactions.transfers.history import TransferHistory
        from transactions.transfers.importing import MoneyTransferImport

        for history in (TransferHistory, InternationalHistory, PaymentHistory):
            sources.register(history.ledger_source, history.section, history.row_url_name, history.model)
        for kind in (MoneyTransferImport, InternationalImport, PaymentImport):
            tables.register(kind)
        deposit.register(pending.pending)
