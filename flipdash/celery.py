"""The Celery application. A queue only wakes a worker: truth is in rows (trust.md §1.3)."""

import logging.config
import os
from typing import Any

from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flipdash.settings")

app = Celery("flipdash")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.setup_logging.connect
def write_as_the_web_does(**kwargs: Any) -> None:
    """Let workers and beat write as settings.LOGGING says, masked; Celery would put a writer of its own there."""
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)
