"""Developer → API Reference: how the merchant API is used, each call, and what it answers."""

import json
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.permissions import Permission, requires
from developer.api import document
from developer.api.errors import INNER_CODES
from developer.api.urls import ROOTS, VERSIONS, document_of
from developer.callbacks import fetch
from developer.callbacks.snippets import snippets as verifying
from developer.reference import calls, chapters, trying
from developer.reference.calls import Call
from developer.reference.snippets import placeholder, snippets
from developer.reference.trying import KEY, Tried, TryForm
from flipdash.http import Request, require_form
from flipdash.mode import Mode, mode_url

NEWEST = VERSIONS[-1]


@require_safe
@requires(Permission.MANAGE_API)
def overview(request: Request) -> HttpResponse:
    """Show how the API is used, and all its calls."""
    mode = request.scope.mode
    context = {
        "bases": [(version, f"{settings.SITE_URL}/{ROOTS[mode]}/v{version}") for version in reversed(VERSIONS)],
        "first": snippets(_first(mode), site=settings.SITE_URL, key=placeholder(mode))[0],
        "key": placeholder(mode),
        "faults": [(status, words) for status, words in document.meanings().items() if status != 200],
        "fault": _as_json(document.FAULT_EXAMPLES[401]),
        "refusal": _as_json(document.FAULT_EXAMPLES[422]),
        "codes": INNER_CODES.items(),
        "calls_a_second": settings.API_CALLS_A_SECOND,
        "calls_at_once": settings.API_CALLS_AT_ONCE,
        "accounts": chapters.magic_accounts(),
        "amounts": chapters.magic_amounts(),
    }
    return render(request, "developer/reference/overview.html", {**_frame(request.scope.mode), **context})


@require_safe
@requires(Permission.MANAGE_API)
def callbacks(request: Request) -> HttpResponse:
    """Show what callbacks tell, how they are signed, and when they come again."""
    context = {
        "events": chapters.events(),
        "snippets": verifying(),
        "most_seconds": int(fetch.ANSWER_WITHIN),
        "envelope": chapters.envelope(),
        "again": chapters.again(),
        "crumbs": _crumbs(),
    }
    return render(request, "developer/reference/callbacks.html", {**_frame(request.scope.mode), **context})


@require_form
@requires(Permission.MANAGE_API)
def call(request: Request, version: int, name: str) -> HttpResponse:
    """Show one call; in Test Mode also make it, and show in the same page what was answered."""
    found = calls.find(request.scope.mode, version, name)
    if found is None or (request.method == "POST" and not request.scope.is_test):
        raise Http404
    keys = trying.keys_of(request.scope)
    form = TryForm(request.POST if request.method == "POST" else None, call=found, keys=keys)
    tried: Tried | None = None
    if form.is_bound and form.is_valid():
        values = form.cleaned_data
        tried = trying.make(request, found, keys.get(values.get(KEY, 0)), values)
    context = {
        "call": found,
        "snippets": snippets(found, site=settings.SITE_URL, key=placeholder(request.scope.mode)),
        "can_try": request.scope.is_test,
        "form": form,
        "has_key": found.is_open or bool(keys),
        "tried": tried,
        "others": [one for one in VERSIONS if one != version and calls.find(request.scope.mode, one, name)],
        "crumbs": _crumbs(),
        **_in_either_mode(version, name),
    }
    return render(request, "developer/reference/call.html", {**_frame(request.scope.mode), **context})


@require_safe
@requires(Permission.MANAGE_API)
def openapi(request: Request, version: int) -> HttpResponse:
    """Answer the OpenAPI document as a file; in English, for programs are made from it."""
    if version not in VERSIONS:
        raise Http404
    with translation.override("en"):
        made = document_of(request.scope.mode, version)
    name = f"flipdash-{request.scope.mode}-v{version}.openapi.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(_as_json(made), content_type="application/json", headers=headers)


def _frame(mode: Mode) -> dict[str, Any]:
    """Return what stands beside every page: the calls of each version, the newest first."""
    return {"versions": [(version, calls.groups(mode, version)) for version in reversed(VERSIONS)], "newest": NEWEST}


def _in_either_mode(version: int, name: str) -> dict[str, str]:
    """Return this very page in each mode: unlike a row, a call is in both."""
    return {f"{mode}_url": mode_url(mode, "developer:reference-call", version, name) for mode in Mode}


def _first(mode: Mode) -> Call:
    found = calls.find(mode, NEWEST, "getBalance")
    assert found is not None  # noqa: S101  (every version has it)
    return found


def _as_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _crumbs() -> list[dict[str, str]]:
    return [{"label": _("API Reference"), "url": reverse("developer:reference")}]
