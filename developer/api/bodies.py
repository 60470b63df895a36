"""Reading what a program sends, strictly (trust.md K5): what could be read in two ways isn't read at all.

The door reads every body before an endpoint sees it, so that an endpoint which takes one has nothing to add.
"""

import json
import math
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from django.http import HttpRequest, UnreadablePostError
from ninja.parser import Parser

METHODS = ("POST", "PUT", "PATCH", "DELETE")
"""Which methods may come with a body; that of any other is never read."""
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
MOST_BYTES, MOST_FIELDS, DEEPEST = 256_000, 1_000, 32
TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]')
"""Texts and brackets. A text that nothing closes goes to the end, so that no letter is looked at twice."""
PARAMETER = re.compile(r";\s*([\w-]+)\s*=\s*\"?([^\";]*)\"?", re.ASCII)


class NotTaken(Exception):
    """A body, or the way in which it comes, can't be taken: the status of the answer, and its English words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


def read(request: HttpRequest) -> dict[str, Any]:
    """Return the parameters of a call's body; none of an empty one. Raises NotTaken."""
    check_charset(request)
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}:
        raise NotTaken(415, "Send the body without Content-Encoding.")
    sent = _bytes(request)
    if not sent:
        return {}
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind not in {FORM, JSON}:
        raise NotTaken(415, f"Content-Type must be {FORM} or {JSON}.")
    try:
        text = sent.decode()
    except UnicodeDecodeError:
        raise NotTaken(400, "The body is not UTF-8.") from None
    return form(text) if kind == FORM else json_object(text)


def check_charset(request: HttpRequest) -> None:
    """Refuse every charset but UTF-8: Python would take the name of any codec of its own (trust.md Q4)."""
    _kind, *parameters = request.headers.get("Content-Type", "").partition(";")
    for name, value in PARAMETER.findall("".join(parameters)):
        if name.lower() == "charset" and value.strip().lower() not in {"utf-8", "utf8", "us-ascii"}:
            raise NotTaken(415, "The charset must be utf-8.")


def check_texts(named: Iterable[tuple[str, str]]) -> None:
    """Refuse texts that no database can hold: with NUL, or with half a character in them. Raises NotTaken."""
    for name, value in named:
        if any("\0" in text or _is_broken(text) for text in (name, value)):
            raise NotTaken(400, "A parameter contains an invalid character.")


def form(text: str) -> dict[str, str]:
    """Return the fields of a form, each named once. Raises NotTaken."""
    found = pairs(text)
    check_texts(found)
    return _once(found)


def pairs(text: str) -> list[tuple[str, str]]:
    """Return names and values of a form, or of what stands behind a question mark. Raises NotTaken."""
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except UnicodeDecodeError:
        raise NotTaken(400, "A parameter is not UTF-8.") from None
    except ValueError:
        raise NotTaken(400, f"There are more than {MOST_FIELDS} parameters.") from None


def json_object(text: str) -> dict[str, Any]:
    """Return an object, each of its names once, its numbers finite, and not too deep. Raises NotTaken."""
    if _depth(text) > DEEPEST:
        raise NotTaken(400, f"The JSON is deeper than {DEEPEST} levels.")
    try:
        loaded = json.loads(text, object_pairs_hook=_once, parse_constant=_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        raise NotTaken(400, "The body is not JSON.") from None
    if not isinstance(loaded, dict):
        raise NotTaken(400, "The body must be a JSON object.")
    check_texts(_texts(loaded))
    return loaded


class StrictParser(Parser):
    """What django-ninja reads a body with: it gets what the door has read."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """Return the JSON object that was sent."""
        return request.sent  # type: ignore[attr-defined]  # developer/api/door.py


def _bytes(request: HttpRequest) -> bytes:
    words = f"The body is larger than {MOST_BYTES} bytes."
    said = request.META.get("CONTENT_LENGTH") or "0"
    if said.isascii() and said.isdigit() and int(said) > MOST_BYTES:
        raise NotTaken(413, words)
    try:
        sent = request.body
    except UnreadablePostError:
        raise NotTaken(400, "The body broke off.") from None
    if len(sent) > MOST_BYTES:
        raise NotTaken(413, words)
    return sent


def _once(named: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(named)
    if len(found) < len(named):
        raise NotTaken(400, "A parameter appears twice.")
    return found


def _depth(text: str) -> int:
    deepest = depth = 0
    for sign in TOKENS.findall(text):
        depth += (sign in "[{") - (sign in "]}")
        deepest = max(deepest, depth)
    return deepest


def _constant(written: str) -> float:
    raise ValueError("NaN and Infinity are no JSON")


def _finite(written: str) -> float:
    number = float(written)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _texts(value: Any) -> Iterable[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name, ""
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield "", value


def _is_broken(text: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in text)
