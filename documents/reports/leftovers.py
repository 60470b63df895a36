"""What is left behind by a worker that was killed, a report that was cancelled, a time that is over.

A folder for each attempt, and a stored file whose name was noted before it was stored: so both are found again.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage

from documents.models import Report


@contextmanager
def workplace(report: Report) -> Iterator[Path]:
    """Give an attempt a folder of its own while the block runs."""
    folder = settings.REPORT_WORKPLACE / _name(report.pk, report.attempt)
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def throw_away_folders() -> None:
    """Remove the folders on this machine whose attempt isn't running any more."""
    folders = {folder.name: folder for folder in settings.REPORT_WORKPLACE.glob("*-*")}
    if not folders:
        return
    running = Report.objects.filter(status=Report.Status.RUNNING).values_list("pk", "attempt")
    for name in folders.keys() - {_name(pk, attempt) for pk, attempt in running}:
        shutil.rmtree(folders[name], ignore_errors=True)


def throw_away_files() -> None:
    """Remove the stored files of reports that came to nothing or whose time is over."""
    for report in Report.objects.leftover()[:50]:
        default_storage.delete(report.stored_as)
        Report.objects.leftover().filter(pk=report.pk, stored_as=report.stored_as).update(stored_as="")


def _name(pk: int, attempt: int) -> str:
    return f"{pk}-{attempt}"
