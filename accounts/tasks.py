"""Tasks only say that work waits. They may run twice, and the broker may lose them: beat asks again."""

from celery import shared_task

from accounts.activity import recording as activity


@shared_task
def seal_activity() -> None:
    """Chain the Activity Log's new rows."""
    activity.seal()
