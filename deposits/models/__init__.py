"""The deposit: top-ups, and the bank statements that they are matched with."""

from deposits.models.banks import BankAccount
from deposits.models.statements import Correction, Reason, StatementImport, StatementLine
from deposits.models.topups import CODES, MOVES, OPEN, TopUp, TopUpEvent, TopUpStatus

__all__ = [
    "CODES",
    "MOVES",
    "OPEN",
    "BankAccount",
    "Correction",
    "Reason",
    "StatementImport",
    "StatementLine",
    "TopUp",
    "TopUpEvent",
    "TopUpStatus",
]
