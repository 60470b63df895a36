"""The site, and two endpoints of a test's own that take a body, as those will that create."""

from typing import Any

from django.http import HttpRequest, JsonResponse
from django.urls import path
from ninja import Form, NinjaAPI, Schema

from developer.api import bodies, errors
from developer.api.creating import WrongSignature, check_signature, check_time
from developer.api.door import behind_the_door
from developer.api.urls import _answer_faults
from flipdash import urls
from flipdash.mode import Mode

PUBLIC_KEY: list[str] = []
"""The business's key, while a test has one."""


class Wanted(Schema):
    """What is created."""

    account_number: str
    amount: int


def _api(mode: Mode) -> NinjaAPI:
    api = NinjaAPI(
        urls_namespace=f"creating-{mode}", docs_url=None, openapi_url=None, parser=bodies.StrictParser(), version="x"
    )

    @api.post("forms")
    def of_a_form(request: HttpRequest, wanted: Form[Wanted]) -> Any:
        return _created(request, wanted)

    @api.post("objects")
    def of_an_object(request: HttpRequest, wanted: Wanted) -> Any:
        return _created(request, wanted)

    _answer_faults(api)
    return api


def _created(request: HttpRequest, wanted: Wanted) -> Any:
    check_time(request)
    try:
        for key in PUBLIC_KEY:
            check_signature(request, key)
    except WrongSignature:
        return errors.named(403, "Wrong signature.")
    return JsonResponse(wanted.dict())


def _paths(mode: Mode, root: str) -> list[Any]:
    found = [pattern for pattern in _api(mode).urls[0] if str(pattern.pattern) in {"forms", "objects"}]
    return [path(f"{root}/v3/{one.pattern}", behind_the_door(mode, one.callback, methods={"POST"})) for one in found]


urlpatterns = [*_paths(Mode.LIVE, "api"), *_paths(Mode.TEST, "big_sandbox_api"), *urls.urlpatterns]
