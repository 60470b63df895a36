"""What a request carries here besides Django's own."""

from typing import Any

from django.http import HttpRequest

from flipdash.mode import Mode
from flipdash.scope import Scope


class Request(HttpRequest):
    """A request of a signed-in member: `scope` is set by accounts.middleware.ScopeMiddleware."""

    scope: Scope
    mode: Mode
    user: Any
