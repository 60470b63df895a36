"""The merchant API's addresses: two versions, and a first segment that names the mode (reference/flip-api.md §1.1)."""

import logging
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, re_path
from ninja import NinjaAPI, Query
from ninja.errors import HttpError, ValidationError

from accounts.rights import NotAllowed
from developer.api import disbursements, errors, general
from developer.api.door import behind_the_door, nowhere
from developer.api.errors import Invalid
from flipdash.mode import Mode

log = logging.getLogger(__name__)
ROOTS = {Mode.LIVE: "api", Mode.TEST: "big_sandbox_api"}
VERSIONS = (2, 3)
OPEN = ("general/maintenance",)
"""What needs no key, and answers in maintenance too."""


def api_of(mode: Mode, version: int) -> NinjaAPI:
    """Return the API of one mode and version."""
    api = NinjaAPI(
        title="FlipDash merchant API",
        version=str(version),
        urls_namespace=f"api-{mode}-v{version}",
        docs_url=None,
        openapi_url=None,
    )
    api.get("general/balance", response=general.BalanceOut)(general.balance)
    api.get("general/banks", response=list[general.BankOut])(general.banks)
    api.get("general/maintenance", response=general.MaintenanceOut)(general.maintenance)

    @api.get("disbursement", response=disbursements.DisbursementPage)
    def disbursement_list(request: HttpRequest) -> HttpResponseBase:
        """List disbursements, filtered and sorted."""
        return disbursements.many(request, version)

    if version == 2:

        @api.get("disbursement/{pk}", response=disbursements.DisbursementOut)
        def disbursement(request: HttpRequest, pk: str) -> HttpResponseBase:
            """Return one disbursement."""
            return disbursements.one(request, pk, version)

        @api.get("disbursement/{pk}/queue", response=disbursements.QueueOut)
        def disbursement_queue(request: HttpRequest, pk: str) -> HttpResponseBase:
            """Return how many disbursements go to the same bank before this one."""
            return disbursements.queue_of(request, pk)

        api.get("general/operational", response=general.OperationalOut)(general.operational)
    else:

        @api.get("get-disbursement", response=disbursements.DisbursementOutV3)
        def get_disbursement(
            request: HttpRequest, id: str = "", idempotency_key: str = Query("", alias="idempotency-key")
        ) -> HttpResponseBase:
            """Return one disbursement by its id, or else by the idempotency key it was created with."""
            if id or not idempotency_key:
                return disbursements.one(request, id, version)
            return disbursements.one_by_key(request, idempotency_key, version)

    _answer_faults(api)
    return api


def document_of(mode: Mode, version: int) -> dict[str, Any]:
    """Return the OpenAPI document of one mode and version, made from the code."""
    return dict(api_of(mode, version).get_openapi_schema(path_prefix=f"/{ROOTS[mode]}/v{version}/"))


def _answer_faults(api: NinjaAPI) -> None:
    @api.exception_handler(Invalid)
    def invalid(request: HttpRequest, problem: Invalid) -> HttpResponseBase:
        return errors.invalid(problem.problems)

    @api.exception_handler(ValidationError)
    def not_as_declared(request: HttpRequest, problem: ValidationError) -> HttpResponseBase:
        found = ((str(fault["loc"][-1]), errors.NOT_ALLOWED, str(fault["msg"])) for fault in problem.errors)
        return errors.invalid(found)

    @api.exception_handler(NotAllowed)
    def not_allowed(request: HttpRequest, problem: NotAllowed) -> HttpResponseBase:
        return errors.named(403, "This key may not do this.")

    @api.exception_handler(Exception)
    def broken(request: HttpRequest, problem: Exception) -> HttpResponseBase:
        log.exception("the merchant API broke: %s %s", request.method, request.path)
        return errors.named(500, "Something went wrong. Try again.")

    @api.exception_handler(HttpError)
    def refused(request: HttpRequest, problem: HttpError) -> HttpResponseBase:
        return errors.named(problem.status_code, str(problem))


def _patterns(mode: Mode, version: int) -> list[URLPattern]:
    found = []
    for pattern in api_of(mode, version).urls[0]:
        route = str(pattern.pattern)
        if route and pattern.callback:
            view: Any = behind_the_door(mode, pattern.callback, is_open=route in OPEN)
            found.append(path(f"{ROOTS[mode]}/v{version}/{route}", view))
    return found


urlpatterns = [pattern for mode in Mode for version in VERSIONS for pattern in _patterns(mode, version)]
urlpatterns += [re_path(rf"^{root}/", nowhere(mode)) for mode, root in ROOTS.items()]
