"""Histories: one declaration says what is shown, searched, filtered and exported (design.md §4)."""

from flipdash.histories.address import EVERYTHING
from flipdash.histories.columns import (
    AccountColumn,
    ActorColumn,
    ChoiceColumn,
    CodeColumn,
    Column,
    CountryColumn,
    DateTimeColumn,
    DecimalColumn,
    FeeColumn,
    IdColumn,
    KindColumn,
    MoneyColumn,
    MovedColumn,
    NameColumn,
    RupiahColumn,
    StatusColumn,
)
from flipdash.histories.declaration import Action, Layout, Receipt, Summary
from flipdash.histories.filters import ActorFilter, ChoiceFilter, DateFilter, Filter, RowFilter, TermFilter, TextFilter
from flipdash.histories.history import History, get, names
from flipdash.histories.results import COUNT_CAP, Results
from flipdash.histories.search import AccountNumber, Amount, ChoiceWords, Code, Id, Text

__all__ = [
    "COUNT_CAP",
    "EVERYTHING",
    "AccountColumn",
    "AccountNumber",
    "Action",
    "ActorColumn",
    "ActorFilter",
    "Amount",
    "ChoiceColumn",
    "ChoiceFilter",
    "ChoiceWords",
    "Code",
    "CodeColumn",
    "Column",
    "CountryColumn",
    "DateFilter",
    "DateTimeColumn",
    "DecimalColumn",
    "FeeColumn",
    "Filter",
    "History",
    "Id",
    "IdColumn",
    "KindColumn",
    "Layout",
    "MoneyColumn",
    "MovedColumn",
    "NameColumn",
    "Receipt",
    "Results",
    "RowFilter",
    "RupiahColumn",
    "StatusColumn",
    "Summary",
    "TermFilter",
    "Text",
    "TextFilter",
    "get",
    "names",
]
