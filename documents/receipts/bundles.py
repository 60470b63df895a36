"""Many receipts at once, of all successful transactions that a history shows: one PDF, or a .zip of single ones."""

import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from documents.models import ReceiptFile
from documents.receipts import making
from documents.receipts.printing import Paper, printed
from flipdash import db
from flipdash.histories import History

MOST = 500
"""Receipts in one file: some fifteen seconds of work, and about a megabyte."""
AT_A_TIME = 25
"""How many are laid out together: what that takes of memory, and how often it is asked whether somebody stopped it."""


class TooMany(ValueError):
    """There are more transactions with a receipt than one file holds."""


class NoneThere(ValueError):
    """None of the transactions has a receipt."""


def check(history: History) -> None:
    """Raise TooMany or NoneThere where that can be told in time; the worker asks again."""
    try:
        with db.time_limit(settings.HISTORY_LATE_COUNT_TIMEOUT_MS, history.using):
            numbers(history)
    except db.TooSlow:
        return


def numbers(history: History) -> list[int]:
    """Return the numbers of the transactions that have a receipt, in the history's order; raises TooMany, NoneThere."""
    rows: QuerySet[Any] = history.rows().filter(history.model.HAS_RECEIPT)
    found = list(rows.values_list("pk", flat=True)[: MOST + 1])
    if len(found) > MOST:
        raise TooMany
    if not found:
        raise NoneThere
    return found


def write(history: History, found: list[int], path: Path, *, with_fee: bool, note: Callable[[int], None]) -> None:
    """Write the receipts of some transactions into a file, and tell after each few how many there are."""
    from pypdf import PdfWriter  # imported late: only workers need it

    whole, done = PdfWriter(), 0
    for papers in _papers(history, found, with_fee=with_fee):
        whole.append(BytesIO(printed(papers, history.scope, several=True)))
        done += len(papers)
        note(done)
    whole.add_metadata({"/Title": f"{history.receipt.title}" if history.receipt else ""})
    whole.write(path)


def write_zip(history: History, found: list[int], path: Path, *, with_fee: bool, note: Callable[[int], None]) -> None:
    """Write each receipt as a file of its own, as it is downloaded alone: the very bytes, where it was."""
    done, there = 0, making.ready(history, found, with_fee=with_fee)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:  # a PDF is compressed already
        for papers in _papers(history, found, with_fee=with_fee):
            for paper in papers:
                with archive.open(paper.file_name, "w") as part:  # it notes no time, so the bytes are the same
                    part.write(_alone(paper, history, there.get((paper.transaction.pk, paper.is_returned))))
                done += 1
            note(done)


def _alone(paper: Paper, history: History, made: ReceiptFile | None) -> bytes:
    if made:
        with suppress(FileNotFoundError), making.opened(made) as file:
            return bytes(file.read())
    return printed([paper], history.scope)


def _papers(history: History, found: list[int], *, with_fee: bool) -> Iterator[list[Paper]]:
    visible = history.visible_rows().using(history.using)
    for start in range(0, len(found), AT_A_TIME):
        some = found[start : start + AT_A_TIME]
        papers = Paper.all_of(history, visible.filter(pk__in=some), with_fee=with_fee)
        yield sorted(papers, key=lambda paper: found.index(paper.transaction.pk))
