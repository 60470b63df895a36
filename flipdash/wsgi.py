"""The WSGI entry point that gunicorn serves."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flipdash.settings")
django.setup(set_prefix=False)

from flipdash.serving.charsets import Utf8Handler  # noqa: E402  (it needs the settings)

application = Utf8Handler()
