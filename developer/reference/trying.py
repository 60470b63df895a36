"""Try it: a call that somebody makes on the page, by a test key of the business, through the very door.

It is a call like any other: the key's addresses, its limit and its permissions hold, and it stands in API Logs. The
text of the key is opened here, and goes nowhere but into the header of that call.
"""

import base64
import contextlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from time import monotonic
from typing import Any
from urllib.parse import unquote, urlencode

from django import forms
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import resolve
from django.utils.translation import gettext_lazy as _

from developer.api.bodies import FORM
from developer.keys.services import SEAL
from developer.models import ApiKey
from developer.reference.calls import Call
from developer.reference.snippets import filled_path
from flipdash import sealing
from flipdash.scope import Scope

AGENT = "FlipDash API Reference"
KEY = "with-key"
LONGEST = 500  # characters of a parameter
MOST_SHOWN = 64_000  # characters of an answer
PASSED_ON = ("REMOTE_ADDR", "HTTP_X_FORWARDED_FOR", "SERVER_NAME", "SERVER_PORT", "HTTP_HOST", "wsgi.url_scheme")
"""What the call has of the page's request: where it came from, by which the key's addresses are judged."""


@dataclass(frozen=True)
class Tried:
    """A call that was made, and what was answered."""

    address: str
    """Path and query, without the key."""
    status: int
    milliseconds: int
    headers: str
    body: str

    @property
    def words(self) -> str:
        """The status as HTTP names it: 200 OK."""
        return f"{self.status} {HTTPStatus(self.status).phrase}"


class TryForm(forms.Form):
    """The parameters of a call, and which of the business's test keys makes it."""

    def __init__(self, data: Any, *, call: Call, keys: Mapping[int, ApiKey]) -> None:
        super().__init__(data, prefix="try")
        if not call.is_open:
            self.fields[KEY] = forms.TypedChoiceField(
                label=_("Key"),
                coerce=int,
                choices=[(pk, f"{key.name}, {key.shown}") for pk, key in keys.items()],
            )
        for parameter in call.parameters:
            self.fields[parameter.name] = forms.CharField(
                label=parameter.name,
                required=parameter.is_required,
                max_length=LONGEST,
                strip=False,
                help_text=parameter.words,
                widget=forms.TextInput(
                    attrs={
                        "class": "input mono",
                        "autocomplete": "off",
                        "spellcheck": "false",
                        "placeholder": parameter.example,
                    }
                ),
            )


def keys_of(scope: Scope) -> dict[int, ApiKey]:
    """Return the test keys that work, by their ids, the API Secret Key first."""
    if not scope.is_test:
        return {}
    rows = ApiKey.objects.visible_to(scope).good().exclude(sealed="").order_by("-is_main", "created_at")
    return {key.pk: key for key in rows}


def make(request: HttpRequest, call: Call, key: ApiKey | None, values: Mapping[str, str]) -> Tried:
    """Make a call as a program would, and return what was answered. `key` is None for an open call."""
    path = filled_path(call, values)
    given = {
        place: {one.name: values[one.name] for one in call.parameters if values[one.name] and one.place == place}
        for place in ("query", "header", "body")
    }
    query = urlencode(given["query"])
    asked = _request(request, call.method, unquote(path), query, key, beside=given["header"], form=given["body"])
    began = monotonic()
    view, args, kwargs = resolve(asked.path_info)
    answer = view(asked, *args, **kwargs)
    took = round((monotonic() - began) * 1000)
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
    return Tried(f"{path}?{query}" if query else path, answer.status_code, took, headers, _body(answer))


def _request(
    page: HttpRequest,
    method: str,
    path: str,
    query: str,
    key: ApiKey | None,
    *,
    beside: Mapping[str, str],
    form: Mapping[str, str],
) -> WSGIRequest:
    """Return the request that a program would send: of the page's own it has no cookie, and only where it came from."""
    environ: dict[str, Any] = {name: page.META[name] for name in PASSED_ON if name in page.META}
    body = urlencode(form).encode()
    for name, value in beside.items():
        environ[f"HTTP_{name.upper().replace('-', '_')}"] = value.encode().decode("latin-1")
    if body:
        environ |= {"CONTENT_TYPE": FORM, "CONTENT_LENGTH": str(len(body))}
    environ |= {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path.encode().decode("latin-1"),
        "QUERY_STRING": query,
        "HTTP_USER_AGENT": AGENT,
        "HTTP_ACCEPT": "application/json",
        "wsgi.input": io.BytesIO(body),
    }
    if key is not None:
        written = base64.b64encode(f"{sealing.unseal(key.sealed, SEAL)}:".encode()).decode()
        environ["HTTP_AUTHORIZATION"] = f"Basic {written}"
    return WSGIRequest(environ)


def _body(answer: HttpResponseBase) -> str:
    """Return an answer's body, in lines if it is JSON."""
    text = getattr(answer, "content", b"").decode("utf-8", "replace")
    with contextlib.suppress(ValueError):
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}\n…"
