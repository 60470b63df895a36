"""The histories of what was sent and received."""

from transactions.histories.international import InternationalHistory
from transactions.histories.money_transfer import TransferHistory
from transactions.histories.payment import PaymentHistory

__all__ = ["InternationalHistory", "PaymentHistory", "TransferHistory"]
