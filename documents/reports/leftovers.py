"""What is left behind by a worker that was killed, a report that was cancelled, a time that is over.

Reports, and statements of the deposit, whose files are made and kept in the same way. A folder for each attempt, and a
stored file whose name was noted before it was stored: so both are found again.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage

from documents.models import Report, Statement

Made = Report | Statement


@contextmanager
def workplace(row: Made) -> Iterator[Path]:
    """Give an attempt a folder of its own while the block runs."""
    folder = _place(type(row)) / _name(row.pk, row.attempt)
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def throw_away_folders(model: type[Made] = Report) -> None:
    """Remove the folders on this machine whose attempt isn't running any more."""
    folders = {folder.name: folder for folder in _place(model).glob("*-*")}
    if not folders:
        return
    running = model.objects.using(_using(model)).filter(status=model.Status.RUNNING).values_list("pk", "attempt")
    for name in folders.keys() - {_name(pk, attempt) for pk, attempt in running}:
        shutil.rmtree(folders[name], ignore_errors=True)


def throw_away_files(model: type[Made] = Report) -> None:
    """Remove the stored files of rows that came to nothing or whose time is over."""
    leftover = model.objects.using(_using(model)).leftover()
    for row in leftover[:50]:
        default_storage.delete(row.stored_as)
        leftover.filter(pk=row.pk, stored_as=row.stored_as).update(stored_as="")


def _using(model: type[Made]) -> str:
    """Return the connection that sees all rows of a model: statements stand behind row level security."""
    return "operator" if model is Statement else "default"


def _place(model: type[Made]) -> Path:
    return settings.REPORT_WORKPLACE.with_name(f"{model._meta.model_name}s")


def _name(pk: int, attempt: int) -> str:
    return f"{pk}-{attempt}"
