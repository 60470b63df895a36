"""Bringing in the history of another system from a file.

Three steps that know little of each other: a reader turns a file into rows of text (`read_file`), a
declaration (`Import`) says how `Checker` makes values of them, and its `store` puts the good ones into the
database; `run` does all three. Nothing is guessed: what is not certain is a `Fault`, with its record, line,
column and reason.
"""

from flipdash.tables.checking import Checker, Outcome
from flipdash.tables.cleaning import (
    Cleaner,
    Dates,
    account,
    choice,
    decimal,
    digits,
    identifier,
    only_digits,
    rupiah,
    text,
)
from flipdash.tables.faults import Doubt, Fault, Unreadable, shown
from flipdash.tables.kinds import Field, Import, kinds, register
from flipdash.tables.reader.tables import Number, Row
from flipdash.tables.reading import MOST_MEGABYTES, FileRows, read_file, weigh
from flipdash.tables.storing import INCOMING, Incoming, run
from flipdash.tables.writing import CsvFile

__all__ = [
    "INCOMING",
    "MOST_MEGABYTES",
    "Checker",
    "Cleaner",
    "CsvFile",
    "Dates",
    "Doubt",
    "Fault",
    "Field",
    "FileRows",
    "Import",
    "Incoming",
    "Number",
    "Outcome",
    "Row",
    "Unreadable",
    "account",
    "choice",
    "decimal",
    "digits",
    "identifier",
    "kinds",
    "only_digits",
    "read_file",
    "register",
    "run",
    "rupiah",
    "shown",
    "text",
    "weigh",
]
