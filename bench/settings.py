"""FlipDash as in production; bench/urls.py sets Django's own admin beside it as a rival."""

import os
from pathlib import Path

from flipdash.settings import *  # noqa: F403  (the same, but for what follows)

ROOT_URLCONF = "bench.urls"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
if built := os.environ.get("BENCH_STATIC"):  # where collectstatic put its files, for what a browser measures
    STATIC_ROOT = Path(built)
    STORAGES["staticfiles"] = {"BACKEND": "flipdash.assets.BuiltStorage"}
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False
API_CALLS_A_SECOND = API_CALLS_AT_ONCE = 1_000_000  # the limit is asked, and holds nobody up
