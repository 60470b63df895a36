"""What the Activity Log and messages say of reports, in the reader's language."""

from collections.abc import Mapping
from datetime import date

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from documents.models import Report
from flipdash import formats, histories


def history(name: str) -> str:
    """Return what a history is called; its name, if there is none of it any more."""
    return histories.get(name).known_as() if name in histories.names() else name


def asked(words: Mapping[str, str]) -> str:
    """Return what was asked for, of the line that a report has in each language."""
    return words.get(get_language() or "") or next(iter(words.values()), "")


def file_format(name: str) -> str:
    """Return the ending of a file's name."""
    return str(Report.Format(name).label) if name in Report.Format else name


def day(written: str) -> str:
    """Write a day of a statement."""
    return formats.day(date.fromisoformat(written))


def too_many_waiting() -> str:
    """Say that a person, or the business, waits for as many reports as may be."""
    return _("No report was made: too many are being made already. Wait until one of them is ready, or cancel one.")
