"""Errors are told to Sentry, or to what speaks as it does, if SENTRY_DSN names one.

Of an error goes out: its kind, where in our program it happened, which route, and a log line as it is written in the
program. What it said, local values, the request, and who asked do not: a person may have typed it. What is left is
masked as the log is, for a path may hold a key.
"""

from collections.abc import Mapping
from typing import Any

import sentry_sdk
from django.conf import settings
from django.utils.module_loading import import_string

PLAIN = ("event_id", "timestamp", "level", "platform", "logger", "release", "environment", "sdk", "transaction")
"""What an event says of itself."""
FRAME = ("filename", "function", "module", "lineno", "context_line", "pre_context", "post_context", "in_app")
"""What is told of a place in our program: its text, and never what was in its variables."""


def tell(**options: Any) -> None:
    """Begin to tell of errors, if it is said where."""
    if not settings.SENTRY_DSN:
        return
    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        before_send=only_ours,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        server_name="",
        auto_session_tracking=False,
        send_client_reports=False,
        **options,
    )


def only_ours(event: Any, hint: Mapping[str, Any]) -> Any:
    """Return of an event what may leave: nothing that isn't named here."""
    kept = {name: event[name] for name in PLAIN if name in event}
    if "exception" in event:
        kept["exception"] = {"values": [_exception(one) for one in event["exception"].get("values", [])]}
    if message := event.get("logentry", {}).get("message"):
        kept["logentry"] = {"message": message}
    return _masked(kept)


def _exception(one: Mapping[str, Any]) -> dict[str, Any]:
    frames = (one.get("stacktrace") or {}).get("frames", [])
    return {
        "type": one.get("type"),
        "module": one.get("module"),
        "stacktrace": {"frames": [{name: frame[name] for name in FRAME if name in frame} for frame in frames]},
    }


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return import_string(settings.LOG_MASK)(value)
    if isinstance(value, Mapping):
        return {name: _masked(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_masked(one) for one in value]
    return value
