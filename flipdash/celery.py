"""The Celery application. A queue only wakes a worker: truth is in rows (trust.md §1.3)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flipdash.settings")

app = Celery("flipdash")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
