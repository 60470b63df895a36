"""The Celery application. A queue only wakes a worker: truth is in rows (trust.md §1.3)."""

import gc
import logging.config
import os
from typing import Any

from celery import Celery, signals
from celery.fixups.django import DjangoWorkerFixup
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flipdash.settings")

app = Celery("flipdash")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


class KeepsConnections(DjangoWorkerFixup):
    """Lets a worker keep its connections from task to task for as long as a page does (CONN_MAX_AGE).

    Celery opens new ones for each task, and a server process that has just begun knows no table: most sweeps took less
    time than that.
    """

    def close_database(self, **kwargs: Any) -> None:
        """Close those that are old or broken; called before and after each task."""
        close_old_connections()


for fixup in app._fixups:  # noqa: SLF001  (Celery has no other way to say so)
    fixup.worker_fixup = KeepsConnections(app)


@signals.worker_before_create_process.connect
def share_what_is_read(**kwargs: Any) -> None:
    """Let Python's collector of a child never look at what its worker has: what isn't written to stays shared."""
    gc.freeze()


@signals.setup_logging.connect
def write_as_the_web_does(**kwargs: Any) -> None:
    """Let workers and beat write as settings.LOGGING says, masked; Celery would put a writer of its own there."""
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)
