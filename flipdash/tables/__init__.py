"""Table files: from an upload to good records and faults, and from rows to a .csv (docs/imports.md).

Steps that know little of each other: a reader turns a file into rows of text (`read_file`), a declaration (`Layout`)
says how `Checker` makes records of them, and `run` puts the good ones of a history (`Import`) into the database.
Nothing is guessed: what is not certain is a `Fault`, with its record, line, column, reason and cell.
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
from flipdash.tables.faults import Doubt, Fault, Unreadable, broken, shown
from flipdash.tables.kinds import Import, kinds, most, register
from flipdash.tables.layouts import REQUIRED, Field, Header, Kept, Layout
from flipdash.tables.reader.tables import Broken, Number, Row
from flipdash.tables.reading import MOST_MEGABYTES, FileRows, read_file, read_statement, weigh
from flipdash.tables.storing import INCOMING, STORED, Incoming, run
from flipdash.tables.workbook import Workbook
from flipdash.tables.writing import CsvFile

__all__ = [
    "INCOMING",
    "MOST_MEGABYTES",
    "REQUIRED",
    "STORED",
    "Broken",
    "Checker",
    "Cleaner",
    "CsvFile",
    "Dates",
    "Doubt",
    "Fault",
    "Field",
    "FileRows",
    "Header",
    "Import",
    "Incoming",
    "Kept",
    "Layout",
    "Number",
    "Outcome",
    "Row",
    "Unreadable",
    "Workbook",
    "account",
    "broken",
    "choice",
    "decimal",
    "digits",
    "identifier",
    "kinds",
    "most",
    "only_digits",
    "read_file",
    "read_statement",
    "register",
    "run",
    "rupiah",
    "shown",
    "text",
    "weigh",
]
