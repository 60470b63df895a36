"""Tasks only carry an id to a service. They may run twice, and the broker may lose them: the sweep finds all."""

import logging

from celery import shared_task
from kombu.exceptions import OperationalError

from documents import services

log = logging.getLogger(__name__)


def wake(report_id: int) -> None:
    """Tell a worker that a report waits. Without a broker nothing is lost: the sweep tells it later."""
    try:
        build_report.delay(report_id)
    except OperationalError:
        log.warning("report %s: no broker to wake a worker", report_id)


@shared_task
def build_report(report_id: int) -> None:
    """Make one report."""
    services.build_report(report_id)


@shared_task(expires=2)
def sweep_reports() -> None:
    """Wake workers for what was missed, and throw away what is old."""
    for report_id in services.due_reports():
        wake(report_id)
    services.expire_reports()
