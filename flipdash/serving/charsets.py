"""What a client may say about how its text is written: UTF-8, or nothing.

Django hands the charset of a Content-Type to a codec, of any kind that Python has, when a request is made: before any
middleware could refuse it.
"""

from collections.abc import Callable
from typing import Any

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.http import parse_header_parameters

TAKEN = frozenset(("utf-8", "utf8"))
API = ("/api/", "/big_sandbox_api/")
"""The merchant API judges by itself, and refuses in its own form (developer/api/bodies.py)."""


class Utf8Request(WSGIRequest):
    """A request that is read as UTF-8, whatever its client says."""

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except (TypeError, ValueError):  # parameters in a charset or an order of their own (RFC 2231)
            self.content_type, self.content_params = "", {"charset": "unknown"}

    def parse_file_upload(self, *args: Any) -> Any:
        """Read the parts of a form; raises MultiPartParserError for headers of a part that can't be read either."""
        try:
            return super().parse_file_upload(*args)
        except TypeError as error:
            raise MultiPartParserError("the headers of a part can't be read") from error


class Utf8Handler(WSGIHandler):
    """What a web server calls, of such requests."""

    request_class = Utf8Request


class Utf8Only:
    """Refuses a Content-Type with any other charset: what it holds would be misread."""

    def __init__(self, get_response: Callable[[Any], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        charset = (request.content_params or {}).get("charset", "")
        if not charset or charset.strip().lower() in TAKEN or request.path_info.startswith(API):
            return self.get_response(request)
        return HttpResponse("Send text as UTF-8.\n", status=415, content_type="text/plain; charset=utf-8")
