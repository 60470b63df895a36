"""Tasks only carry an id to a service. They may run twice, and the broker may lose them: the sweep finds all."""

import logging

from celery import shared_task
from kombu.exceptions import OperationalError

from imports import services

log = logging.getLogger(__name__)


def wake(job_id: int) -> None:
    """Tell a worker that an import waits. Without a broker nothing is lost: the sweep tells it later."""
    try:
        run_import.delay(job_id)
    except OperationalError:
        log.warning("import %s: no broker to wake a worker", job_id)


@shared_task
def run_import(job_id: int) -> None:
    """Check an upload, or import one that was confirmed."""
    services.run(job_id)


@shared_task(expires=2)
def sweep_imports() -> None:
    """Wake workers for what was missed, and throw away what is old."""
    for job_id in services.due_jobs():
        wake(job_id)
    services.tidy()
