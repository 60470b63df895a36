"""Every .csv that leaves goes through one writer, and so through one guard against formulas (trust.md E1)."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
APPS = ("accounts", "deposits", "devtools", "documents", "flipdash", "imports", "transactions", "lists")
SOURCES = [path for app in APPS for path in (ROOT / app).rglob("*.py")]
SENDERS = {
    "writers/__init__.py": "reports, by CsvWriter, which is a CsvFile",
    "bulk/results.py": "what became of each row of a bulk file, by CsvFile",
    "containers/browser.py": "make containers, which uploads a file as a browser does, and answers nobody",
    "imports/views.py": "the template, by CsvFile; the list of faults, which previews.FaultFile writes by CsvFile",
}
"""Whoever answers with text/csv, and what writes it."""


def test_nothing_else_writes_a_csv():
    writes = re.compile(r"csv\.(writer|DictWriter)\(|from csv import")
    assert {str(path.relative_to(ROOT)) for path in SOURCES if writes.search(path.read_text())} == set()


def test_whoever_sends_a_csv_is_known_with_what_writes_it():
    assert {"/".join(path.parts[-2:]) for path in SOURCES if "text/csv" in path.read_text()} == set(SENDERS)
