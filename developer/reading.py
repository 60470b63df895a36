"""How a kept body is shown: JSON laid out, and whatever can't be seen written out."""

import json
from typing import Any

from accounts.activity.words import visible


def laid_out(body: str) -> str:
    """Return a body for people to read; what isn't JSON that reads the same afterwards stays as it was sent."""
    return "\n".join(map(visible, _indented(body).splitlines()))


def header_lines(headers: dict[str, str]) -> str:
    """Return headers as they are sent: a name and its value in each line."""
    return "\n".join(f"{name}: {visible(value)}" for name, value in headers.items())


def _indented(body: str) -> str:
    try:
        loaded = json.loads(body, object_pairs_hook=_named_once, parse_float=_exact, parse_constant=_refused)
        return json.dumps(loaded, indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return body


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _value in pairs}) < len(pairs):
        raise ValueError("a parameter appears twice")
    return dict(pairs)


def _exact(written: str) -> float:
    if repr(float(written)) != written:
        raise ValueError("this figure would read otherwise")
    return float(written)


def _refused(written: str) -> float:
    raise ValueError("this is no JSON")
