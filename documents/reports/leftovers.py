"""What is left behind by a worker that was killed, a report that was cancelled, a time that is over.

Reports, and statements of the deposit, whose files are made and kept in the same way. A folder for each attempt, and a
stored file whose name was noted before it was stored: so both are found again.
"""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction

from documents.models import Report, Statement
from flipdash import room, sweeps
from flipdash.leases import Stopped, Worker

Made = Report | Statement
AT_A_TIME = 50
"""Of how many a sweep throws the files away."""


@contextmanager
def workplace(row: Made) -> Iterator[Path]:
    """Give an attempt a folder of its own while the block runs."""
    folder = _place(type(row)) / _name(row.pk, row.attempt)
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Finished(File):
    """A file that a storage on this disk can take over by renaming it, so that it is there whole or not at all."""

    def temporary_file_path(self) -> str:
        """Return where it lies: what Django's storage asks uploads for."""
        return str(self.name)


@contextmanager
def stored(worker: Worker[Any], row: Made, path: Path, folder: str) -> Iterator[None]:
    """Store a finished file, and let the block say in one transaction that it is ready.

    The file goes if the row isn't ours any more, or there is no room for it. Whatever else the block or its commit
    raises, it stays: the commit may have come through. If it hasn't, the next attempt or the tidying throws it away.
    """
    if row.stored_as:  # what an attempt before this one stored, and could not publish
        default_storage.delete(row.stored_as)
    own = f"{_name(row.pk, row.attempt)}-{secrets.token_hex(8)}"
    name = f"{folder}/{row.business_id}/{own}.{row.format}"
    worker.note(row, stored_as=name)
    try:
        with path.open("rb") as whole:
            os.fsync(whole.fileno())
            default_storage.save(name, Finished(whole))
    except Exception:
        default_storage.delete(name)
        raise
    try:
        with transaction.atomic():
            yield
    except (Stopped, room.TooMuchStored):
        default_storage.delete(name)
        raise


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
    for row in leftover.order_by("?")[:AT_A_TIME]:
        with sweeps.by_itself("file of", row):
            default_storage.delete(row.stored_as)
            leftover.filter(pk=row.pk, stored_as=row.stored_as).update(stored_as="")


def _using(model: type[Made]) -> str:
    """Return the connection that sees all rows of a model: statements stand behind row level security."""
    return "operator" if model is Statement else "default"


def _place(model: type[Made]) -> Path:
    return settings.REPORT_WORKPLACE.with_name(f"{model._meta.model_name}s")


def _name(pk: int, attempt: int) -> str:
    return f"{pk}-{attempt}"
