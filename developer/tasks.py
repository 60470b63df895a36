"""Tasks only say that work waits. They may run twice, and the broker may lose them: beat asks again."""

from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down

from developer.callbacks import health
from developer.callbacks.sending import SENDER
from developer.calls import recording


@shared_task
def tidy_calls() -> None:
    """Delete the calls of the merchant API that are kept long enough."""
    recording.tidy()


@shared_task
def send_callbacks() -> None:
    """Send the callbacks that are due."""
    SENDER.send_due()


@shared_task
def sweep_callbacks() -> None:
    """Look after the URLs, and send what was missed."""
    try:
        health.sweep()
    finally:
        SENDER.send_due()


@shared_task
def tidy_callbacks() -> None:
    """Delete the callbacks that are kept long enough."""
    health.tidy()


@worker_shutting_down.connect
def stop_sending(**kwargs: Any) -> None:
    """Let what is under way end; the rest is for the next worker."""
    SENDER.stop()
