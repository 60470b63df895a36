"""Live Mode and Test Mode: the path decides, `/test/…` is Test Mode (design.md §2, traps.md)."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import models
from django.http import Http404, HttpResponse, HttpResponsePermanentRedirect
from django.urls import get_script_prefix, reverse, set_script_prefix
from django.utils.translation import gettext_lazy as _

UNPREFIXED = (
    "/sign-in/",
    "/sign-up/",
    "/sign-out/",
    "/account/",
    "/admin/",
    "/api/",
    "/big_sandbox_api/",
    "/static/",
    "/outbox/",
    "/invitations/",
    "/receipts/",
    "/pay/",
)
"""Paths that exist once, outside both modes."""


class Mode(models.TextChoices):
    """Whether money moves. Data of the two modes never mix."""

    LIVE = "live", _("Live Mode")
    TEST = "test", _("Test Mode")


PREFIXES = {Mode.LIVE: "/", Mode.TEST: "/test/"}


class TestModeMiddleware:
    """Move `/test` from the path into SCRIPT_NAME, so that every `reverse()` stays in Test Mode by itself.

    It must come first. The script prefix is put back in `finally`, for Django's test client never does.
    """

    __test__ = False  # pytest: this is not a test class

    def __init__(self, get_response: Callable[[Any], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        """Answer the request in the mode that its path names."""
        request.mode = Mode.LIVE
        if request.path_info == "/test":
            return HttpResponsePermanentRedirect(PREFIXES[Mode.TEST])
        if not request.path_info.startswith("/test/"):
            return self.get_response(request)
        before = get_script_prefix()
        request.mode = Mode.TEST
        request.path_info = request.path_info.removeprefix("/test")
        request.META["SCRIPT_NAME"] = request.META.get("SCRIPT_NAME", "") + "/test"
        set_script_prefix(PREFIXES[Mode.TEST])
        try:
            return self.get_response(request)
        finally:
            set_script_prefix(before)

    def process_view(self, request: Any, *_: object) -> None:
        """Refuse a page that exists once under Test Mode's prefix."""
        if request.mode == Mode.TEST and request.path_info.startswith(UNPREFIXED):
            raise Http404


def mode_url(mode: str, name: str, *args: object, absolute: bool = False, **kwargs: object) -> str:
    """Return the address of a named page in a given mode, whatever mode the current request is in.

    `absolute` puts the site's own address in front, for links in mails and files.
    """
    before = get_script_prefix()
    set_script_prefix(PREFIXES[Mode(mode)])
    try:
        url = reverse(name, args=args or None, kwargs=kwargs or None)
    finally:
        set_script_prefix(before)
    return settings.SITE_URL + url if absolute else url
