"""The WSGI entry point that gunicorn serves."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flipdash.settings")
django.setup(set_prefix=False)

from django.urls import get_resolver  # noqa: E402  (it needs the settings)

from flipdash.serving.charsets import Utf8Handler  # noqa: E402

application = Utf8Handler()
list(get_resolver().url_patterns)  # imports all pages now, and not while the first one who asks waits
