"""Keeping each call of the merchant API (docs/developer.md): one row, written when its answer is made.

A call whose key isn't right is nobody's: anybody can send anything, and the part of a key that names it is no secret.
So is what comes during maintenance, when no key is looked at. A row that can't be written takes nothing from the call.
"""

import logging
from datetime import timedelta
from time import monotonic

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models.functions import Now
from django.db.models.sql import InsertQuery
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from developer.calls import masking
from developer.models import ApiCall, ApiKey, Outcome
from developer.models.calls import MOST_KEPT
from flipdash.scope import Scope

log = logging.getLogger(__name__)
RELAXED = "SELECT set_config('synchronous_commit', 'off', true)"
"""It holds until the end of the transaction, which statements that are sent together are."""
BATCH = 5_000
"""How many old rows one statement deletes."""


def note(scope: Scope, request: HttpRequest, answer: HttpResponseBase, *, began: float, stands_for: int = 1) -> None:
    """Keep a call and its answer, inside of its business; `began` is when, by `monotonic`."""
    try:
        add(_row(scope, request, answer, began, stands_for))
    except DatabaseError:
        log.exception("a call could not be kept: %s %s", request.method, request.path)


def add(row: ApiCall) -> None:
    """Insert a row by one statement that doesn't wait for the disk: a crash may lose the calls of its last moment.

    Inside of a transaction nothing is relaxed, for that would hold for all of it.
    """
    query = InsertQuery(ApiCall)
    query.insert_values([field for field in ApiCall._meta.concrete_fields if not field.primary_key], [row])
    [(sql, params)] = query.get_compiler(connection=connection).as_sql()
    with connection.cursor() as cursor:
        cursor.execute(sql if connection.in_atomic_block else f"{RELAXED}; {sql}", params)


def _row(scope: Scope, request: HttpRequest, answer: HttpResponseBase, began: float, stands_for: int) -> ApiCall:
    key = scope.member
    assert isinstance(key, ApiKey)  # noqa: S101  (who calls the API is a key)
    sent, given = _body_of(request), b"" if answer.streaming else answer.content  # type: ignore[attr-defined]
    return ApiCall(
        business_id=scope.business.pk,
        mode=scope.mode,
        request_id=answer["Request-Id"],
        method=masking.storable(request.method or "")[:10],
        path=masking.storable(masking.text(request.path))[:500],
        query=masking.storable(masking.parameters(request.META.get("QUERY_STRING", "")))[:MOST_KEPT],
        status=answer.status_code,
        outcome=Outcome.of(answer.status_code),
        key=key,
        key_name=key.name,
        key_public=key.public,
        address=scope.address,
        milliseconds=max(0, round((monotonic() - began) * 1000)),
        request_headers=masking.headers(request.headers),
        request_body=masking.body(sent, request.content_type or "", MOST_KEPT),
        request_bytes=len(sent),
        answer_headers=masking.headers(answer.headers),
        answer_body=masking.body(given, answer.headers.get("Content-Type", ""), MOST_KEPT),
        answer_bytes=len(given),
        stands_for=stands_for,
    )


def _body_of(request: HttpRequest) -> bytes:
    """Return the body if the endpoint has read it: what nobody read isn't waited for."""
    return getattr(request, "_body", b"")


def tidy() -> int:
    """Delete the calls that are older than they are kept, a batch at a time; return how many."""
    oldest = Now() - timedelta(days=settings.API_CALL_DAYS_KEPT)
    deleted = 0
    while True:
        rows = ApiCall.objects.using("operator").filter(created_at__lt=oldest).order_by("created_at")
        count, _by_model = ApiCall.objects.using("operator").filter(pk__in=rows.values("pk")[:BATCH]).delete()
        deleted += count
        if count < BATCH:
            return deleted
