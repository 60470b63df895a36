"""The merchant API's addresses: two versions, and a first segment that names the mode (reference/flip-api.md §1.1)."""

import logging
from functools import partial
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, re_path
from django.utils.translation import gettext_lazy as _
from ninja import Form, Header, NinjaAPI, Path, Query
from ninja.errors import HttpError, ValidationError
from ninja.utils import replace_path_param_notation

from accounts.rights import NotAllowed
from developer.api import bodies, creation, disbursements, document, errors, general
from developer.api.creating import WrongSignature
from developer.api.declaring import UNREADABLE, answers, endpoint
from developer.api.door import behind_the_door, nowhere
from developer.api.errors import Invalid
from flipdash import db
from flipdash.mode import Mode
from flipdash.serving import away

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
        parser=bodies.StrictParser(),
    )
    _general(api, version)
    _creation(api, version)  # before what takes any text in the place of an id
    _disbursements(api, version)
    _answer_faults(api)
    return api


def _general(api: NinjaAPI, version: int) -> None:
    get = partial(endpoint, api, group=_("General"))
    get(
        *("general/balance", "getBalance", answers(general.BalanceOut)),
        summary=_("Balance"),
        description=_("What can be spent of the deposit."),
    )(general.balance)
    get(
        *("general/banks", "listBanks", answers(list[general.BankOut], refusal=general.BankRefusal)),
        summary=_("Banks and e-wallets"),
        description=_("What can be paid, what a transfer there costs, and whether it gets through now."),
    )(general.banks)
    get(
        *("general/maintenance", "getMaintenance", {200: general.MaintenanceOut, **UNREADABLE}),
        summary=_("Maintenance"),
        description=_("Whether the API rests. The only call that needs no key, and is answered even then."),
    )(general.maintenance)
    if version == 2:
        get(
            *("general/operational", "getOperational", answers(general.OperationalOut)),
            summary=_("Working hours"),
            description=_("Kept for old programs that ask: there are no working hours."),
            deprecated=True,
        )(general.operational)


def _disbursements(api: NinjaAPI, version: int) -> None:
    get = partial(endpoint, api, group=_("Money Transfer"))
    whole: Any = disbursements.DisbursementOut if version == 2 else disbursements.DisbursementOutV3
    page: Any = disbursements.DisbursementPage if version == 2 else disbursements.DisbursementPageV3

    @get(
        *("disbursement", "listDisbursements", answers(page)),
        summary=_("List of disbursements"),
        description=_("Money transfers, however they were created. All filters that you give have to match."),
    )
    def disbursement_list(request: HttpRequest, asked: Query[disbursements.DisbursementQuery]) -> HttpResponseBase:
        return disbursements.many(request, asked.dict(), version)

    if version == 3:

        @get(
            *("get-disbursement", "getDisbursement", answers(whole)),
            summary=_("One disbursement"),
            description=_("One money transfer, by its number or by the idempotency key that it was created with."),
        )
        def get_disbursement(request: HttpRequest, asked: Query[disbursements.OneQuery]) -> HttpResponseBase:
            if asked.id or not asked.idempotency_key:
                return disbursements.one(request, asked.id, version)
            return disbursements.one_by_key(request, asked.idempotency_key, version)

        return

    @get(
        *("disbursement/{id}", "getDisbursement", answers(whole, unknown=True)),
        summary=_("One disbursement"),
        description=_("One money transfer, by its number."),
    )
    def disbursement(request: HttpRequest, asked: Path[disbursements.IdPath]) -> HttpResponseBase:
        return disbursements.one(request, asked.id, version)

    @get(
        *("disbursement/{id}/queue", "getDisbursementQueue", answers(disbursements.QueueOut, unknown=True)),
        summary=_("Queue before a disbursement"),
        description=_("How many transfers go before it: 0 for one that is next, or no longer on its way."),
    )
    def disbursement_queue(request: HttpRequest, asked: Path[disbursements.IdPath]) -> HttpResponseBase:
        return disbursements.queue_of(request, asked.id)


def _creation(api: NinjaAPI, version: int) -> None:
    post = partial(endpoint, api, group=_("Money Transfer"), method="POST")
    whole: Any = disbursements.DisbursementOut if version == 2 else disbursements.DisbursementOutV3
    sent: Any = creation.DisbursementIn if version == 2 else creation.DisbursementInV3

    @post(
        *("disbursement", "createDisbursement", answers(whole, sent=True)),
        summary=_("Create a disbursement"),
        description=_(
            "Sends money. Amount and fee are held at once; what came of it is told by a callback. Where your business "
            "wants a second person, it waits for one in Approvals."
        ),
    )
    def create(
        request: HttpRequest,
        beside: Header[creation.CreateHeaders],
        wanted: Form[sent],
    ) -> HttpResponseBase:
        return creation.create(request, version)

    if version == 2:

        @post(
            *("disbursement/bank-account-inquiry", "inquireAccount", answers(creation.InquiryOut, sent=True)),
            summary=_("Bank account inquiry"),
            description=_("Asks the bank whose account it is. It answers at once, so there is no callback for it."),
        )
        def inquire(request: HttpRequest, wanted: Form[creation.InquiryIn]) -> HttpResponseBase:
            return creation.inquire(request)


def document_of(mode: Mode, version: int) -> dict[str, Any]:
    """Return the OpenAPI document of one mode and version, made from the code, in the language that is active."""
    return document.finished(api_of(mode, version).get_openapi_schema(path_prefix=f"/{ROOTS[mode]}/v{version}/"))


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

    @api.exception_handler(WrongSignature)
    def not_signed(request: HttpRequest, problem: WrongSignature) -> HttpResponseBase:
        return errors.named(403, "The signature is missing or wrong.")

    @api.exception_handler(bodies.NotTaken)
    def not_taken(request: HttpRequest, problem: bodies.NotTaken) -> HttpResponseBase:
        return errors.named(problem.status, str(problem))

    @api.exception_handler(Exception)
    def broken(request: HttpRequest, problem: Exception) -> HttpResponseBase:
        if db.is_busy(problem) or away.is_away(problem):
            log.warning("the merchant API can't answer: %s", type(problem).__name__)
            return errors.named(503, "Try again in a moment.", **{"Retry-After": str(away.RETRY_AFTER)})
        log.exception("the merchant API broke: %s %s", request.method, request.path)
        return errors.named(500, "Something went wrong. Try again.")

    @api.exception_handler(HttpError)
    def refused(request: HttpRequest, problem: HttpError) -> HttpResponseBase:
        return errors.named(problem.status_code, str(problem))


def _patterns(mode: Mode, version: int) -> list[URLPattern]:
    api, found = api_of(mode, version), {}
    methods = _methods(api)
    for pattern in api.urls[0]:
        route = str(pattern.pattern)
        if route in methods and pattern.callback:
            view: Any = behind_the_door(mode, pattern.callback, methods=methods[route], is_open=route in OPEN)
            found[route] = path(f"{ROOTS[mode]}/v{version}/{route}", view)
    return list(found.values())


def _methods(api: NinjaAPI) -> dict[str, set[str]]:
    """Return by which methods each route is called."""
    endpoints = api.default_router.path_operations.items()
    return {
        replace_path_param_notation(path): {method for operation in view.operations for method in operation.methods}
        for path, view in endpoints
    }


urlpatterns = [pattern for mode in Mode for version in VERSIONS for pattern in _patterns(mode, version)]
urlpatterns += [re_path(rf"^{root}/", nowhere(mode)) for mode, root in ROOTS.items()]
