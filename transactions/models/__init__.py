"""What was sent and received, in which state, and what happened to it."""

from transactions.models.base import Event, NextTransactionId, OutgoingTransfer, SearchText, Status, Transaction, Via
from transactions.models.international import Corridor, InternationalEvent, InternationalTransfer, Purpose, Quote
from transactions.models.money_transfer import MoneyTransfer, TransferBatch, TransferEvent
from transactions.models.payment import Payment, PaymentEvent, PaymentLink, PaymentStatus, Settlement, new_slug

__all__ = [
    "Corridor",
    "Event",
    "InternationalEvent",
    "InternationalTransfer",
    "MoneyTransfer",
    "NextTransactionId",
    "OutgoingTransfer",
    "Payment",
    "PaymentEvent",
    "PaymentLink",
    "PaymentStatus",
    "Purpose",
    "Quote",
    "SearchText",
    "Settlement",
    "Status",
    "Transaction",
    "TransferBatch",
    "TransferEvent",
    "Via",
    "new_slug",
]
