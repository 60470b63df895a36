"""What a request carries here besides Django's own."""

from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from flipdash.mode import Mode
from flipdash.scope import Scope

require_form = require_http_methods(["GET", "HEAD", "POST"])
"""Marks a view that shows a form and takes it."""


def own_path(target: str) -> str:
    """Return the target if it is a path of this site, else Home (trust.md A7)."""
    return target if is_own_path(target) else "/"


def is_own_path(target: str) -> bool:
    """Return whether a browser that follows the target stays on this site."""
    plain = target.startswith("/") and "\\" not in target and target.isprintable()
    return plain and url_has_allowed_host_and_scheme(target, allowed_hosts=None)


def came_from(request: HttpRequest) -> str:
    """Return the page of this site whose link or form led here; "" for none, and for this page itself."""
    page = page_of_form(request)
    return page if urlsplit(page).path != request.path else ""


def page_of_form(request: HttpRequest) -> str:
    """Return the page of this site that a request was sent from, itself included; "" where the browser doesn't say."""
    page = urlsplit(request.headers.get("Referer", ""))
    path = f"{page.path}?{page.query}" if page.query else page.path
    return path if page.netloc == request.get_host() and is_own_path(path) else ""


class Request(HttpRequest):
    """A request of a signed-in member: `scope` is set by accounts.middleware.ScopeMiddleware."""

    scope: Scope
    mode: Mode
    user: Any
