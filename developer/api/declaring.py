"""How endpoints are declared, so that the OpenAPI document and the API Reference can be made from them."""

from collections.abc import Callable
from typing import Any

from ninja import NinjaAPI

from developer.api.errors import Fault, Refusal

UNREADABLE: dict[int, Any] = {400: Fault, 415: Fault}
"""What every endpoint answers to what can't be read at all."""
FAULTS: dict[int, Any] = {**UNREADABLE, 401: Fault, 403: Fault, 429: Fault, 500: Fault, 503: Fault}
"""What every endpoint behind the door can answer besides what it is for."""


def answers(of: Any, *, refusal: Any = Refusal, unknown: bool = False, sent: bool = False) -> dict[int, Any]:
    """Return the answers of an endpoint; `unknown` is one whose path can be none, `sent` one that takes a body."""
    more: dict[int, Any] = {404: Fault} if unknown else {}
    more |= {409: Fault, 413: Fault} if sent else {}
    return {200: of, **FAULTS, 422: refusal, **more}


def endpoint(
    api: NinjaAPI,
    path: str,
    name: str,
    answers: dict[int, Any],
    *,
    group: Any,
    summary: Any,
    description: Any,
    deprecated: bool | None = None,
    method: str = "GET",
) -> Callable[[Any], Any]:
    """Return what makes a view an endpoint of a path; the words are shown as they are in the language then."""
    return api.api_operation(
        [method],
        path,
        response=answers,
        operation_id=name,
        summary=summary,
        description=description,
        tags=[group],
        deprecated=deprecated,
    )
