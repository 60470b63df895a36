"""The demo's history: a year of believable transactions of every kind, from a fixed seed (design.md §11)."""

from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from threading import Event, Thread

from django.db import connections
from django.db.models import Model

from accounts.demo import KOPI_KITA
from accounts.models import Activity
from deposits.models import Account, Entry, Posting
from transactions.demo import beneficiaries, deposit, given_back, international, payments, settlements, today, year
from transactions.demo.money_transfers import HISTORIES, fill, plan
from transactions.demo.plans import DemoHistory
from transactions.models import (
    InternationalTransfer,
    MoneyTransfer,
    Payment,
    Quote,
    RailOrder,
    Refund,
    SettlementRun,
)

__all__ = [
    "HISTORIES",
    "deposit",
    "fill",
    "given_back",
    "international",
    "payments",
    "plan",
    "settlements",
    "today",
    "write_all",
    "write_side_by_side",
    "year",
]


LARGE: tuple[type[Model], ...] = (
    *(Account, Entry, Posting, Activity, MoneyTransfer, InternationalTransfer, Payment),
    *(Refund, RailOrder, SettlementRun, Quote),
)
"""The tables that grow while the histories are written."""
COUNT = f"ANALYZE {', '.join(f'{model._meta.db_table} (id, business_id, mode)' for model in LARGE)}"
"""Not of what their search indexes hold, which takes long."""
FIRST_COUNT = 1.0  # seconds


def is_written() -> bool:
    """Return whether all is there: the transfers are written last, each to its last act."""
    return all(map(year.is_written, HISTORIES)) and today.is_written()


def write_all(*, slug: str | None = None) -> None:
    """Write what is missing of all histories, or of one business's."""
    _write(*(history for history in HISTORIES if slug in {None, history.slug}))
    if slug in {None, KOPI_KITA.slug}:
        today.write()


def write_side_by_side() -> None:
    """Write what is missing of all histories: the largest here, the others meanwhile in a process of their own.

    Raises ChildProcessError where that one failed; it said why.
    """
    *others, largest = sorted(HISTORIES, key=lambda history: history.total)
    connections.close_all()  # a process that is forked must not speak by ours
    beside = get_context("fork").Process(target=_write, args=others, daemon=True)
    beside.start()
    with _counting():
        _write(largest)
        beside.join()
    if beside.exitcode:
        raise ChildProcessError(f"the other histories ended with {beside.exitcode}")
    today.write()


@contextmanager
def _counting() -> Iterator[None]:
    """Have Postgres count the rows every few seconds while the block runs.

    What it plans while a table is empty reads the whole table, also when that has become large: a foreign key to a
    payment took longer than the payment.
    """
    is_done = Event()

    def count() -> None:
        wait = FIRST_COUNT
        with connections["owner"].cursor() as cursor:
            while not is_done.wait(wait):
                cursor.execute(COUNT)
                wait *= 1.5
        connections["owner"].close()  # this thread's own

    thread = Thread(target=count, name="counting", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_done.set()
        thread.join()


def _write(*histories: DemoHistory) -> None:
    """Write what is missing of some histories, their payments before what those pay for."""
    for history in histories:
        paid = next(one for one in payments.HISTORIES if (one.slug, one.mode) == (history.slug, history.mode))
        payments.write(paid)
        year.write(history)
        beneficiaries.save(history)
