"""FlipDash as in production; bench/urls.py sets Django's own admin beside it as a rival."""

from flipdash.settings import *  # noqa: F403  (the same, but for what follows)

ROOT_URLCONF = "bench.urls"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False
