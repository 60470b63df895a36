"""Tasks only say that work waits. They may run twice, and the broker may lose them: the sweep finds all."""

import logging

from celery import shared_task
from kombu.exceptions import OperationalError

from documents.reports import leftovers, services

log = logging.getLogger(__name__)


def wake(report_id: int) -> None:
    """Tell a worker that a report waits. Without a broker nothing is lost: the sweep tells it later.

    The worker takes the report whose turn it is, so the message names none, and an old one is worth nothing.
    """
    try:
        build_next.apply_async(expires=60)
    except OperationalError:
        log.warning("report %s: no broker to wake a worker", report_id)


@shared_task
def build_next() -> None:
    """Make the report whose turn it is."""
    services.build_next()


@shared_task(expires=2)
def sweep_reports() -> None:
    """Wake workers for what was missed, and throw away what is old."""
    for report_id in services.due_reports():
        wake(report_id)
    services.expire_reports()
    leftovers.throw_away_folders()
    leftovers.throw_away_files()
