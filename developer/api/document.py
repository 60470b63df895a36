"""The OpenAPI document: what ninja makes of the code, and what it can't know of the door (OpenAPI 3.1)."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _

METHODS = ("get", "post", "put", "delete")
AUTHENTICATION = "secretKey"
OPEN = ("getMaintenance",)
"""The operations that need no key."""

FAULT_EXAMPLES: dict[int, dict[str, Any]] = {
    400: {"name": "Bad Request", "message": "A parameter is not UTF-8.", "status": 400},
    401: {"name": "Unauthorized", "message": "Your request was made with invalid credentials.", "status": 401},
    403: {"name": "Forbidden", "message": "This key may not do this.", "status": 403},
    404: {"name": "Not Found", "message": "Page not found.", "status": 404},
    409: {"name": "Conflict", "message": "The same is being done right now. Try again.", "status": 409},
    413: {"name": "Content Too Large", "message": "The body is larger than 256000 bytes.", "status": 413},
    415: {"name": "Unsupported Media Type", "message": "The charset must be utf-8.", "status": 415},
    422: {
        "code": "VALIDATION_ERROR",
        "errors": [{"attribute": "id", "code": 1072, "message": "Disbursement is not found."}],
    },
    429: {"name": "Too Many Requests", "message": "Too many requests. Slow down.", "status": 429},
    500: {"name": "Internal Server Error", "message": "Something went wrong. Try again.", "status": 500},
    503: {
        "name": "SERVICE_UNAVAILABLE",
        "message": "The service is in maintenance. Try again later.",
        "status": 503,
    },
}
REFUSALS: dict[str, dict[str, Any]] = {
    "listBanks": {
        "code": "VALIDATION_ERROR",
        "errors": [{"attribute": "code", "code": 1033, "message": "Bank code is not found."}],
        "message": "BANK_NOT_FOUND",
    },
    "listDisbursements": {
        "code": "VALIDATION_ERROR",
        "errors": [{"attribute": "pagination", "code": 1032, "message": "pagination must be a positive number."}],
    },
    "createDisbursement": {
        "code": "BALANCE_INSUFFICIENT",
        "errors": [{"attribute": "amount", "code": 1035, "message": "The balance is less than amount and fee."}],
    },
    "inquireAccount": {
        "code": "VALIDATION_ERROR",
        "errors": [{"attribute": "account_number", "code": 1020, "message": "account_number must be digits."}],
    },
}
"""What an operation refuses that isn't an unknown disbursement."""
NEEDED = {
    "createDisbursement": ("idempotency-key", "account_number", "bank_code", "amount"),
    "inquireAccount": ("account_number", "bank_code"),
}
"""What has to be sent, but for the idempotency key, which version 2 can do without. ninja doesn't ask for it, so that
what is missing is answered as Flip answers it."""
JUST_MADE = {"status": "PENDING", "time_served": "0000-00-00 00:00:00"}
"""What the example of a disbursement says of one that was created now."""
WAITING = (409, 429, 503)
"""The answers that say when to come again."""


def meanings() -> dict[int, str]:
    """Return what each status means, in words."""
    return {
        200: _("What was asked for."),
        400: _("The call can’t be read: something in it is broken, or could be read in two ways."),
        401: _("No key, an unknown or ended one, one of the other mode, or an address that the key doesn’t admit."),
        403: _("The key may not do this."),
        404: _("There is no such address."),
        409: _("The same call is being answered right now. Try again after the seconds of Retry-After."),
        413: _("The body is too large."),
        415: _("The body is of a kind that isn’t taken, or its charset isn’t UTF-8."),
        422: _("Something that was sent can’t be taken, or what it names isn’t there. Nothing was changed."),
        429: _("The key calls too often. Try again after the seconds of Retry-After."),
        500: _("Something broke on our side. Try again."),
        503: _(
            "The API is in maintenance, or something large is being done for the business. Try again after the seconds "
            "of Retry-After."
        ),
    }


def finished(made: dict[str, Any]) -> dict[str, Any]:
    """Return ninja's document with the door, the examples and the words of each answer, as plain JSON."""
    document = _plain(made)
    document["info"]["description"] = _(
        "The merchant API of FlipDash, compatible with Flip’s: a program for Flip works by changing its base URL."
    )
    document["servers"] = [{"url": settings.SITE_URL}]
    document["security"] = [{AUTHENTICATION: []}]
    schemas = document["components"]["schemas"]
    document["components"]["securitySchemes"] = {
        AUTHENTICATION: {
            "type": "http",
            "scheme": "basic",
            "description": _("The API Secret Key is the user name; the password stays empty."),
        }
    }
    for operation in operations(document):
        if operation["operationId"] in OPEN:
            operation["security"] = []
        for parameter in operation["parameters"]:
            _finish_parameter(parameter)
        _say_what_is_needed(operation, is_old=document["info"]["version"] == "2")
        for parameter in sent_in(operation):
            _finish_sent(parameter)
        found = {str(status): answer for status, answer in sorted(operation["responses"].items())}
        if not operation["parameters"] and "requestBody" not in operation:
            found.pop("422", None)  # nothing is sent that could be refused
        for status, response in found.items():
            _finish_response(int(status), response, schemas)
        if operation["operationId"] == "createDisbursement":
            found["200"]["content"]["application/json"]["example"] |= JUST_MADE
        if "422" in found and operation["operationId"] in REFUSALS:
            found["422"]["content"]["application/json"]["example"] = REFUSALS[operation["operationId"]]
        operation["responses"] = found
    document["components"]["schemas"] = {name: schemas[name] for name in sorted(_used(document["paths"], schemas))}
    return document


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield each operation of a document."""
    for path in document["paths"].values():
        yield from (path[method] for method in METHODS if method in path)


def sent_in(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the fields of the form that an operation takes."""
    for schema in _forms(operation):
        yield from schema["properties"].values()


def _forms(operation: dict[str, Any]) -> list[dict[str, Any]]:
    return [content["schema"] for content in operation.get("requestBody", {}).get("content", {}).values()]


def example_of(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """Return an example of what a schema describes, made of the examples of its fields."""
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if "examples" in schema:
        return schema["examples"][0]
    if schema.get("type") == "array":
        return [example_of(schema["items"], schemas)]
    return {name: example_of(field, schemas) for name, field in schema.get("properties", {}).items()}


def _used(value: Any, schemas: dict[str, Any]) -> set[str]:
    """Return the names of the schemas that something needs; those of queries are parameters by now."""
    if isinstance(value, list):
        return set().union(*(_used(item, schemas) for item in value))
    if not isinstance(value, dict):
        return set()
    if isinstance(value.get("$ref"), str):
        name = value["$ref"].rpartition("/")[2]
        return {name} | _used(schemas[name], schemas)
    return set().union(*(_used(item, schemas) for item in value.values()))


def _finish_parameter(parameter: dict[str, Any]) -> None:
    """Write its example where OpenAPI has it, and no empty default: empty means that it isn't there."""
    schema = parameter["schema"]
    [example] = schema.pop("examples")
    parameter.pop("examples", None)
    parameter["example"] = int(example) if schema["type"] == "integer" else example
    schema.pop("description", None)
    if schema.get("default") == "":
        del schema["default"]


def _say_what_is_needed(operation: dict[str, Any], *, is_old: bool) -> None:
    needed = NEEDED.get(operation["operationId"], ())
    for parameter in operation["parameters"]:
        parameter["required"] |= parameter["name"] in needed and not is_old
    for schema in _forms(operation):
        schema["required"] = [name for name in needed if name in schema["properties"]]
        schema["additionalProperties"] = {"type": "string"}  # what we don't know is left aside, if it stands once


def _finish_sent(field: dict[str, Any]) -> None:
    """Write a field of a form as parameters are written: a number as one, and no empty default."""
    if field.get("default") == "":
        del field["default"]
    if field["type"] == "integer":
        field["examples"] = [int(example) for example in field["examples"]]


def _finish_response(status: int, response: dict[str, Any], schemas: dict[str, Any]) -> None:
    response["description"] = meanings()[status]
    content = response["content"]["application/json"]
    content["example"] = FAULT_EXAMPLES.get(status) or example_of(content["schema"], schemas)
    headers: dict[str, Any] = {
        "Request-Id": {"description": _("By which we find this call."), "schema": {"type": "string"}}
    }
    if status in WAITING:
        headers["Retry-After"] = {"description": _("Whole seconds."), "schema": {"type": "integer", "minimum": 1}}
    response["headers"] = headers


def _plain(value: Any) -> Any:
    """Return a copy whose words are in the language that is active."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Promise) else value
