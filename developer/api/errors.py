"""What the API answers when it can't do what was asked (reference/flip-api.md §1.6)."""

from typing import Any

from django.http import JsonResponse
from django.utils.translation import gettext_lazy as _
from ninja import Schema

from developer.api.fields import list_of, told

NAMES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "SERVICE_UNAVAILABLE",
}
EMPTY, BAD_PAGINATION, DATE_INVALID, NOT_ALLOWED, DIGITS_ONLY = 1001, 1032, 1040, 1041, 1020
UNCLEAN, TOO_SMALL, TOO_LARGE, TOO_LONG = 1002, 1021, 1022, 1024
ACCOUNT_INVALID, SUSPECTED, ACCOUNT_CLOSED, BALANCE = 1025, 1026, 1027, 1035
MANY_EMAILS, BAD_EMAIL, ALPHANUMERIC_ONLY = 1070, 1071, 1084
STALE, TIMESTAMP_INVALID = 1094, 1095
UNKNOWN_BANK, UNKNOWN_ID, UNKNOWN_KEY = 1033, 1072, 1073
"""Inner codes (reference/flip-api.md §10)."""
INNER_CODES = {
    EMPTY: _("It is needed."),
    UNCLEAN: _("It has a character in it that isn’t allowed there."),
    DIGITS_ONLY: _("Only digits are allowed."),
    TOO_SMALL: _("The amount is below the smallest that can be sent."),
    TOO_LARGE: _("The amount is above the largest that can be sent at once."),
    TOO_LONG: _("It is too long."),
    ACCOUNT_INVALID: _("The bank has no such account, or none can look so there."),
    SUSPECTED: _("The account is known for fraud."),
    ACCOUNT_CLOSED: _("The account is closed."),
    BAD_PAGINATION: _("It has to be a positive whole number."),
    UNKNOWN_BANK: _("No bank or e-wallet has this code."),
    BALANCE: _("The balance doesn’t cover amount and fee."),
    DATE_INVALID: _("It isn’t a date and time, or the beginning of one."),
    NOT_ALLOWED: _("The value isn’t one of those that are allowed."),
    MANY_EMAILS: _("There are more than 20 addresses."),
    BAD_EMAIL: _("One of them isn’t an email address."),
    UNKNOWN_ID: _("No disbursement of yours has this number."),
    UNKNOWN_KEY: _("No disbursement of yours was created with this idempotency key."),
    ALPHANUMERIC_ONLY: _("Only letters and digits are allowed."),
    STALE: _("The call was made more than 60 seconds ago, or will be."),
    TIMESTAMP_INVALID: _("It isn’t a date and time in ISO 8601 with its offset from UTC."),
}
"""What those that we answer mean."""


class Fault(Schema):
    """A call that was not answered, in short."""

    name: str = told(_("Its name."), "Unauthorized")
    message: str = told(_("What is wrong, in English."), "Page not found.")
    status: int = told(_("The HTTP status once more."), 404)


class Problem(Schema):
    """One thing that can't be taken."""

    attribute: str = told(_("The parameter."), "pagination")
    code: int = told(_("What is wrong, as a number for programs."), 1032)
    message: str = told(_("What is wrong, in English."), "pagination must be a positive number.")


class Refusal(Schema):
    """A call with something that can't be taken: one problem for each parameter."""

    code: str = told(_("What kind of refusal it is."), "VALIDATION_ERROR")
    errors: list[Problem] = list_of(_("One item for each problem."))


def named(status: int, message: str, **headers: str) -> JsonResponse:
    """Return an answer of the short kind: name, message, status."""
    content = {"name": NAMES[status], "message": message, "status": status}
    return JsonResponse(content, status=status, headers=headers)


def not_found() -> JsonResponse:
    """Answer the same for what is missing, what is another's and what never was an endpoint (trust.md §1.4)."""
    return named(404, "Page not found.")


class Invalid(Exception):
    """Something that was sent can't be taken; `problems` are (parameter, inner code, English words)."""

    def __init__(self, *problems: tuple[str, int, str]) -> None:
        super().__init__(problems)
        self.problems = problems


def invalid(problems: Any, code: str = "VALIDATION_ERROR", **more: str) -> JsonResponse:
    """Return the envelope of what can't be taken, one item for each problem; `more` stands beside `code`."""
    errors = [{"attribute": name, "code": number, "message": words} for name, number, words in problems]
    return JsonResponse({"code": code, "errors": errors, **more}, status=422)
