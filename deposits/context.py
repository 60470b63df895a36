"""The deposit in the header."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from deposits import ledger
from flipdash import frame


def balance(request: HttpRequest) -> dict[str, Any]:
    """Give the frame what is available now; asked only where a template shows it."""
    scope = getattr(request, "scope", None)
    return (
        {}
        if scope is None
        else {"deposit_balance": SimpleLazyObject(lambda: ledger.Balance(**(frame.of(request)["deposit"] or {})))}
    )
