"""The one way into the merchant API: whose call it is, whether it may come now, and in which form faults answer.

Every endpoint stands behind it. It reads no session and no cookie (trust.md S6): a browser that is signed in to the
dashboard is nobody here. What came in by a right key is kept for API Logs, with whatever it was answered.
"""

from collections.abc import Callable, Collection
from functools import wraps
from time import monotonic
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from developer.api import bodies, errors, limits
from developer.api.authentication import Unauthorized, admitted, is_from_elsewhere, note_use
from developer.api.bodies import NotTaken
from developer.calls import recording
from flipdash.mode import Mode

MARK = "api"
"""What the walk over all addresses reads in place of a permission: a key opens it, and no person."""

View = Callable[..., HttpResponseBase]


def behind_the_door(mode: Mode, view: View, *, methods: Collection[str], is_open: bool = False) -> View:
    """Return the view as the API serves it, by these methods; `is_open` needs no key and answers in maintenance too.

    Address, key and method are judged before a body is read: nobody makes us wait for what is nothing here.
    """

    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method not in methods:
            return errors.named(405, "Method not allowed.", Allow=", ".join(sorted(methods)))
        try:
            _read(request)
        except NotTaken as problem:
            return errors.named(problem.status, str(problem))
        return view(request, *args, **kwargs)

    @wraps(view)
    def through(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if is_open:
            return _marked(answered(request, *args, **kwargs))
        if settings.API_MAINTENANCE:
            answer = errors.named(503, "The service is in maintenance. Try again later.", **{"Retry-After": "60"})
            return _marked(answer)
        try:
            return _let_in(request, mode, lambda: answered(request, *args, **kwargs))
        except Unauthorized as problem:
            return _marked(errors.named(401, str(problem)))

    through.permission = "public" if is_open else MARK  # type: ignore[attr-defined]  # the mark that the access walk reads
    return csrf_exempt(login_not_required(through))


def nowhere(mode: Mode) -> View:
    """Return what answers for addresses that the API doesn't have: everybody the same, and a call by key is logged."""

    @csrf_exempt
    @login_not_required
    def through(request: HttpRequest) -> HttpResponseBase:
        if not settings.API_MAINTENANCE and "Authorization" in request.headers:
            try:
                return _let_in(request, mode, errors.not_found)
            except Unauthorized:
                pass
        return _marked(errors.not_found())

    through.permission = MARK  # type: ignore[attr-defined]  # nobody's, and nothing is behind it
    return through


def _let_in(request: HttpRequest, mode: Mode, answered: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """Answer a call inside of the business whose key it carries, and keep it; raises Unauthorized.

    Calls from elsewhere have a limit of their own: who has got hold of a key can't use up its owner's.
    """
    began = monotonic()
    with admitted(request, mode) as scope:
        is_elsewhere = is_from_elsewhere(scope)
        taken = limits.take(scope.member.pk, "elsewhere" if is_elsewhere else "")
        if is_elsewhere:
            answer: HttpResponseBase = errors.named(401, "IP is not Whitelisted")
        elif taken.wait:
            answer = errors.named(429, "Too many requests. Slow down.", **{"Retry-After": str(taken.wait)})
        else:
            note_use(scope, request)
            request.scope = scope  # type: ignore[attr-defined]  # as ScopeMiddleware sets it for people
            answer = answered()
        _marked(answer)
        if taken.stands_for:
            recording.note(scope, request, answer, began=began, stands_for=taken.stands_for)
        return answer


def _read(request: HttpRequest) -> None:
    """Read what was sent, once and strictly, before any endpoint does; raises NotTaken."""
    bodies.check_charset(request)
    bodies.pairs(request.META.get("QUERY_STRING", ""))
    request.sent = bodies.read(request) if request.method in bodies.METHODS else {}  # type: ignore[attr-defined]


def _marked(answer: HttpResponseBase) -> HttpResponseBase:
    """Give an answer the number by which a developer asks us about it."""
    answer.headers["Request-Id"] = uuid4().hex
    return answer
