"""Histories: one declaration says what is shown, searched, filtered and exported (design.md §4)."""

from flipdash.histories.columns import (
    AccountColumn,
    ChoiceColumn,
    Column,
    DateTimeColumn,
    FeeColumn,
    IdColumn,
    RupiahColumn,
    StatusColumn,
)
from flipdash.histories.filters import ChoiceFilter, DateFilter, Filter, RowFilter
from flipdash.histories.history import COUNT_CAP, History, Results, Summary, get, names
from flipdash.histories.search import AccountNumber, Amount, Id, Text

__all__ = [
    "COUNT_CAP",
    "AccountColumn",
    "AccountNumber",
    "Amount",
    "ChoiceColumn",
    "ChoiceFilter",
    "Column",
    "DateFilter",
    "DateTimeColumn",
    "FeeColumn",
    "Filter",
    "History",
    "Id",
    "IdColumn",
    "Results",
    "RowFilter",
    "RupiahColumn",
    "StatusColumn",
    "Summary",
    "Text",
    "get",
    "names",
]
