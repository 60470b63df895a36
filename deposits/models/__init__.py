"""The deposit: its ledger, top-ups, and the bank statements that they are matched with."""

from deposits.models.banks import BankAccount
from deposits.models.deposit import DepositEntry, Direction, LowBalance
from deposits.models.ledger import (
    LARGEST_AMOUNT,
    LARGEST_BALANCE,
    RUPIAH,
    Account,
    AccountKind,
    Entry,
    Posting,
    PostingKind,
    Turnover,
)
from deposits.models.statements import Correction, Reason, StatementImport, StatementLayout, StatementLine
from deposits.models.topups import CODES, OPEN, TopUp, TopUpEvent, TopUpStatus

__all__ = [
    "CODES",
    "LARGEST_AMOUNT",
    "LARGEST_BALANCE",
    "OPEN",
    "RUPIAH",
    "Account",
    "AccountKind",
    "BankAccount",
    "Correction",
    "DepositEntry",
    "Direction",
    "Entry",
    "LowBalance",
    "Posting",
    "PostingKind",
    "Reason",
    "StatementImport",
    "StatementLayout",
    "StatementLine",
    "TopUp",
    "TopUpEvent",
    "TopUpStatus",
    "Turnover",
]
