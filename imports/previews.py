"""What a checked file looks like to whoever decides whether it is imported: sums, first records, faults."""

import os
import tempfile
import uuid
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

from django.core.files import File
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from flipdash import formats, money
from flipdash.tables import CsvFile, Fault, FileRows, Import, Incoming, Outcome, shown
from imports.columns import Recalled

FIRST_RECORDS = 10
FAULTS_SHOWN = 100


def make(kind: Import, incoming: Incoming, outcome: Outcome, rows: FileRows, recalled: Recalled) -> dict[str, Any]:
    """Return what the page shows, as plain texts in the active language and time zone."""

    def labels(names: tuple[str, ...]) -> list[str]:
        return [str(kind.model._meta.get_field(name).verbose_name) for name in names]  # type: ignore[union-attr]  # a field of ours

    return {
        "sum_labels": {"by": labels(kind.sums_by), "figures": labels(kind.sums)},
        "sums": [_group(kind, values) for values in incoming.sums()],
        "columns": kind.names(),
        "first": [_record(kind, values) for values in incoming.first(FIRST_RECORDS)],
        "faults": [[fault.record, fault.line, fault.column, fault.words] for fault in outcome.faults[:FAULTS_SHOWN]],
        "ignored_columns": outcome.ignored_columns,
        "ignored_sheets": [shown(name) for name in rows.ignored_sheets],
        "hidden_sheet": shown(rows.hidden_sheet) if rows.hidden_sheet else "",
        "hidden_rows": rows.hidden_rows,
        "recalled": {"by": recalled.by, "at": formats.moment(recalled.at)} if recalled.at else {},
    }


def _group(kind: Import, values: tuple[Any, ...]) -> dict[str, Any]:
    """Return one line of the sums: what it is of, how many records, the figures."""
    groups = len(kind.sums_by)
    by = _labels(kind, kind.sums_by, values[:groups])
    return {"by": by, "rows": values[groups], "figures": [in_words(value) for value in values[groups + 1 :]]}


def _record(kind: Import, values: tuple[Any, ...]) -> list[str]:
    return _labels(kind, tuple(kind.columns), values)


def _labels(kind: Import, names: tuple[str, ...], values: tuple[Any, ...]) -> list[str]:
    """Return values as people read them, those of a few choices with their labels."""
    return [_label(kind, name, value) for name, value in zip(names, values, strict=True)]


def _label(kind: Import, name: str, value: Any) -> str:
    if label := kind.label(name, value):
        return label
    choices = dict(kind.model._meta.get_field(name).flatchoices)  # type: ignore[union-attr]  # a field of ours
    return str(choices[value]) if value in choices else in_words(value)


def in_words(value: Any) -> str:
    """Write a value as people read it."""
    match value:
        case None:
            return ""
        case datetime():
            return formats.moment_to_the_second(value)
        case int():
            return money.number(value)
        case Decimal():
            return money.number(int(value)) if value == int(value) else f"{value:f}"
    return str(value)


class FaultFile:
    """All faults of a file, as a .csv to download."""

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="flipdash-import-")
        self._path = Path(self._folder.name) / "faults.csv"
        self._file = self._path.open("wb")
        self._list = CsvFile(self._file, [_("Record"), _("Line"), _("Column"), _("Reason")])
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()
        self._folder.cleanup()

    def add(self, fault: Fault) -> None:
        """Write one fault down."""
        self._list.rows([(fault.record, fault.line, fault.column, fault.words)])

    @property
    def size(self) -> int:
        """How large it is by now, in bytes."""
        self._file.flush()
        return self._path.stat().st_size

    def store(self, folder: str) -> str:
        """Keep the list where downloads come from, and return its name there."""
        self._file.flush()
        os.fsync(self._file.fileno())
        with self._path.open("rb") as whole:
            return default_storage.save(f"{folder}/{uuid.uuid4().hex}.csv", File(whole))
