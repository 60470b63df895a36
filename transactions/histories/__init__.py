"""The histories of what was sent and received."""

from transactions.histories.money_transfer import TransferHistory

__all__ = ["TransferHistory"]
