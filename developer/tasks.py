"""Tasks only say that work waits. They may run twice, and the broker may lose them: beat asks again."""

from celery import shared_task

from developer.calls import recording


@shared_task
def tidy_calls() -> None:
    """Delete the calls of the merchant API that are kept long enough."""
    recording.tidy()
