"""What was sent and received, in which state, and what happened to it."""

from transactions.models.base import LOOKS, MOVES, NextTransactionId, SearchText, Status, Via
from transactions.models.money_transfer import MoneyTransfer, TransferBatch, TransferEvent

__all__ = [
    "LOOKS",
    "MOVES",
    "MoneyTransfer",
    "NextTransactionId",
    "SearchText",
    "Status",
    "TransferBatch",
    "TransferEvent",
    "Via",
]
