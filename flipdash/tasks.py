"""Tasks only say that work waits. They may run twice, and the broker may lose them: the sweep finds all."""

import logging

from celery import shared_task
from kombu.exceptions import OperationalError

from flipdash import mail, searchkeys

log = logging.getLogger(__name__)


def wake_sender() -> None:
    """Tell a worker that messages wait; without a broker the sweep does."""
    try:
        send_messages.apply_async(expires=60)
    except OperationalError:
        log.warning("no broker to wake the sender of messages")


@shared_task
def send_messages() -> None:
    """Send the mails that are due."""
    mail.send_due()


@shared_task
def clean_search_lists() -> None:
    """Sort into the search indexes what was inserted since the last time, so that no insert ever has to."""
    searchkeys.clean_lists()
