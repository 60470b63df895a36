"""Tasks only say that work waits. They may run twice, and the broker may lose them: the sweep finds all."""

import logging

from celery import shared_task

from flipdash import leases, mail, orphans, searchkeys
from flipdash.operations import heartbeats

log = logging.getLogger(__name__)


@shared_task
def work(name: str) -> None:
    """Work on the row whose turn it is, of one kind of leased work."""
    leases.workers[name].work()


@shared_task
def sweep() -> None:
    """Wake the workers for what was missed; a kind of work that fails here doesn't keep the others waiting.

    It runs where something waits, and every half minute: one statement says which kinds have work at all.
    """
    unfinished = leases.unfinished()
    for worker in leases.workers.values():
        try:
            if worker.name in unfinished:
                worker.sweep()
            else:
                worker.tidy()
        except Exception:
            log.exception("%s: the sweep failed", worker.name)


@shared_task
def clean_search_lists() -> None:
    """Sort into the search indexes what was inserted since the last time, so that no insert ever has to."""
    searchkeys.clean_lists()


@shared_task
def tidy_operations() -> None:
    """Forget workers that were killed long ago, and mails that were sent long ago."""
    heartbeats.tidy()
    mail.tidy()


@shared_task
def throw_away_orphans() -> None:
    """Delete old files that no row names."""
    orphans.throw_away()
