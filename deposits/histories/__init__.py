"""The histories of My Deposit."""

from deposits.histories.deposit import DepositHistory
from deposits.histories.top_ups import TOP_UP, TopUpHistory

__all__ = ["TOP_UP", "DepositHistory", "TopUpHistory"]
