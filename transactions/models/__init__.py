"""What was sent and received, in which state, and what happened to it."""

from transactions.models.base import MOVES, Event, NextTransactionId, SearchText, Sending, Status, Transaction, Via
from transactions.models.money_transfer import MoneyTransfer, TransferBatch, TransferEvent

__all__ = [
    "MOVES",
    "Event",
    "MoneyTransfer",
    "NextTransactionId",
    "SearchText",
    "Sending",
    "Status",
    "Transaction",
    "TransferBatch",
    "TransferEvent",
    "Via",
]
