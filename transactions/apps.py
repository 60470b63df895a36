from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TransactionsConfig(AppConfig):
    name = "transactions"
    verbose_name = _("Transactions")

    def ready(self) -> None:
        """Make the products known: histories, kinds of import, what moves the deposit and what waits for it."""
        from deposits.ledger import sources
        from deposits.overview import pending as deposit
        from flipdash import events, money, notes, tables
        from transactions import checks, frame, leaving, menu, operations, pending  # noqa: F401  (importing registers)
        from transactions.approvals import frame as approvals  # noqa: F401  (importing registers)
        from transactions.bulk import services as bulk  # noqa: F401  (importing registers)
        from transactions.international import identity  # noqa: F401  (importing registers)
        from transactions.international import services as abroad  # noqa: F401  (importing registers)
        from transactions.international.history import InternationalHistory
        from transactions.international.importing import InternationalImport
        from transactions.models import RailCase, Status
        from transactions.outgoing import closing, mails, many, sweeps, turns  # noqa: F401  (importing registers)
        from transactions.payments import mails as receipts  # noqa: F401  (importing registers)
        from transactions.payments import settling  # noqa: F401  (its worker)
        from transactions.payments import sweeps as endings  # noqa: F401  (its worker, and what a sweep does besides)
        from transactions.payments.history import PaymentHistory
        from transactions.payments.importing import PaymentImport
        from transactions.payments.link_history import LinkHistory  # noqa: F401  (importing registers)
        from transactions.payments.settlement_history import SettlementHistory
        from transactions.rails import simulator  # noqa: F401  (its worker)
        from transactions.refunds.history import RefundHistory
        from transactions.transfers import services  # noqa: F401  (importing registers)
        from transactions.transfers.history import TransferHistory
        from transactions.transfers.importing import MoneyTransferImport
        from transactions.transfers.series import running  # noqa: F401  (its worker)

        # Of refunds a statement says the payment, and no beneficiary: many who read it may not see refunds.
        for history, says in (
            (TransferHistory, ("beneficiary_name", "account_number", "remark")),
            (InternationalHistory, ("beneficiary_name", "account_number")),
            (PaymentHistory, ("title", "sender_name")),
            (RefundHistory, ("payment_id",)),
            (SettlementHistory, ()),
        ):
            page, may = history.row_url_name, str(history.permission)
            sources.register(history.ledger_source, history.known_as(), page, history.model, says, may)
        for kind in (MoneyTransferImport, InternationalImport, PaymentImport):
            tables.register(kind)
        deposit.register(pending.pending)
        events.declare(
            {
                "transfer.created": _("Money transfer created"),
                "transfer.approved": _("Money transfer approved"),
                "transfer.approved_many": _("Money transfers approved together"),
                "transfer.rejected": _("Money transfer rejected"),
                "transfer.rejected_many": _("Money transfers rejected together"),
                "transfer.cancelled": _("Money transfer cancelled"),
                "transfer.expired": _("Money transfer not approved in time"),
                "transfer.due": _("Date of a money transfer has come"),
                "transfer.recalled": _("Money transfer asked back from the bank"),
                "transfer.sent": _("Money transfer sent to the bank"),
                "transfer.successful": _("Money transfer successful"),
                "transfer.unmailed": _("Beneficiary not emailed: today’s emails to beneficiaries were sent"),
                "transfer.failed": _("Money transfer failed"),
                "transfer.returned": _("Money transfer returned by the bank"),
                "transfer.forced": _("Answer of the simulated bank forced"),
                "transfer.contradicted": _("Money transfer needs FlipDash to look at it"),
                "transfer.disputed": _("Money transfer: the bank says the opposite now"),
                "transfer.upheld": _("Money transfer stays as it was"),
                "international.created": _("International transfer created"),
                "international.approved": _("International transfer approved"),
                "international.approved_many": _("International transfers approved together"),
                "international.rejected": _("International transfer rejected"),
                "international.rejected_many": _("International transfers rejected together"),
                "international.cancelled": _("International transfer cancelled"),
                "international.expired": _("International transfer not approved in time"),
                "international.due": _("Date of an international transfer has come"),
                "international.requoted": _("New rate of an international transfer"),
                "international.opened": _("Identity numbers of an international transfer opened for a new one"),
                "international.sent": _("International transfer sent to the bank"),
                "international.successful": _("International transfer successful"),
                "international.failed": _("International transfer failed"),
                "international.returned": _("International transfer returned by the bank"),
                "international.forced": _("Answer of the simulated bank forced"),
                "international.contradicted": _("International transfer needs FlipDash to look at it"),
                "international.disputed": _("International transfer: the bank says the opposite now"),
                "international.upheld": _("International transfer stays as it was"),
                "beneficiary-abroad.saved": _("Beneficiary abroad saved"),
                "beneficiary-abroad.changed": _("Saved beneficiary abroad changed"),
                "beneficiary-abroad.opened": _("Identity number of a saved beneficiary abroad opened for a transfer"),
                "series.made": _("Repeating transfer made"),
                "series.approved": _("Repeating transfer approved"),
                "series.paused": _("Repeating transfer paused"),
                "series.resumed": _("Repeating transfer resumed"),
                "series.stopped": _("Repeating transfer stopped"),
                "series.ended": _("Repeating transfer has ended"),
                "batch.uploaded": _("File of transfers uploaded"),
                "batch.confirmed": _("File of transfers confirmed"),
                "batch.cancelled": _("File of transfers thrown away"),
                "batch.created": _("Batch of transfers created"),
                "batch.retried": _("Failed transfers drafted again"),
                "payment-link.created": _("Payment link created"),
                "payment-link.changed": _("Payment link changed"),
                "payment-link.activated": _("Payment link activated"),
                "payment-link.deactivated": _("Payment link deactivated"),
                "payment-link.expired": _("Payment link expired"),
                "payment-link.used": _("Payment link of one use was paid"),
                "payment.created": _("Payment started by a payer"),
                "payment.successful": _("Payment successful"),
                "payment.failed": _("Payment failed"),
                "payment.cancelled": _("Payment not made in time"),
                "payment.arrived": _("Money arrived that FlipDash looks at"),
                "payment.returned": _("Money given back to the payer"),
                "payment.settled": _("Payment settled"),
                "payment.forced": _("Answer of the simulated payer forced"),
                "refund.created": _("Refund requested"),
                "refund.approved": _("Refund approved"),
                "refund.approved_many": _("Refunds approved together"),
                "refund.waiting": _("Refund approved, waits for the deposit"),
                "refund.covered": _("Deposit has enough for a refund"),
                "refund.rejected": _("Refund rejected"),
                "refund.rejected_many": _("Refunds rejected together"),
                "refund.cancelled": _("Refund cancelled"),
                "refund.expired": _("Refund not approved in time"),
                "refund.sent": _("Refund sent to the bank"),
                "refund.successful": _("Refund successful"),
                "refund.failed": _("Refund failed"),
                "refund.returned": _("Refund returned by the bank"),
                "refund.forced": _("Answer of the simulated bank to a refund forced"),
                "refund.contradicted": _("Refund needs FlipDash to look at it"),
                "refund.disputed": _("Refund: the bank says the opposite now"),
                "refund.upheld": _("Refund stays as it was"),
                "settlement.asked": _("Payment settled at once"),
                "settlement.posted": _("Settlement came into the deposit"),
                "settlement.tried_again": _("Settlement that was given up tried again"),
            },
            areas={
                "transfer": _("Money transfers"),
                "international": _("International transfers"),
                "beneficiary-abroad": _("Beneficiaries abroad"),
                "series": _("Repeating transfers"),
                "batch": _("Batches of transfers"),
                "payment-link": _("Payment links"),
                "payment": _("Payments"),
                "refund": _("Refunds"),
                "settlement": _("Settlements"),
            },
            facts={
                "beneficiary": _("Beneficiary Name"),
                "beneficiary_bank": _("Beneficiary Bank"),
                "account_number": _("Account Number"),
                "name_before": _("Name before"),
                "note": events.Fact(_("Note"), lambda note: str(notes.words_of(note))),
                "rate": _("Rate"),
                "rate_before": _("Rate before"),
                "title": _("Title"),
                "payment": _("Payment ID"),
                "expires_at": _("Expires"),
                "fee_bearer": _("Who bears the fee"),
                "asks_phone": _("Ask for the phone number"),
                "asks_address": _("Ask for the address"),
                "redirect_url": _("Redirect Link"),
                "count": _("Count"),
                "fee": events.Fact(_("Fee"), money.rupiah),
                "missing": events.Fact(_("Deposit is short of"), money.rupiah),
                "outcome": events.Fact(_("Answer"), lambda outcome: str(dict(Status.choices)[outcome])),
                "problem": events.Fact(_("Problem"), lambda kind: str(dict(RailCase.Kind.choices)[kind])),
            },
        )
