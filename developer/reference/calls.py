"""The calls of the merchant API as people read them, made from the OpenAPI document."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from developer.api.urls import VERSIONS, document_of
from flipdash.mode import Mode

Json = dict[str, Any]
SHOWN_QUERIES: dict[str, tuple[str, ...]] = {
    "listBanks": ("code",),
    "listDisbursements": ("status", "timestamp", "sort"),
    "getDisbursement": ("idempotency-key",),
    "createDisbursement": ("idempotency-key", "account_number", "bank_code", "amount", "remark"),
    "inquireAccount": ("account_number", "bank_code"),
}
"""Which of the parameters the examples in program code send; those of a path they always do."""


@dataclass(frozen=True)
class Parameter:
    """Something that a call takes."""

    name: str
    kind: str
    """What it looks like, in words: a whole number."""
    words: str
    example: str
    place: str
    """Where it stands: path, query, header or body."""
    is_required: bool
    is_shown: bool
    """Whether the examples in program code send it."""
    values: tuple[str, ...] = ()
    default: str = ""

    @property
    def is_in_path(self) -> bool:
        """Whether it is a part of the address."""
        return self.place == "path"

    @property
    def place_words(self) -> str:
        """Where it stands, in words, unless it is as always."""
        return {"header": _("header"), "body": _("body")}.get(self.place, "")


@dataclass(frozen=True)
class Field:
    """Something that stands in an answer."""

    name: str
    """With what it stands in: data[].id."""
    kind: str
    words: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What can come back."""

    status: int
    words: str
    example: str
    """As JSON, in lines."""

    @property
    def is_good(self) -> bool:
        """Whether it is what was asked for."""
        return self.status == 200


@dataclass(frozen=True)
class Call:
    """One call: a method and a path."""

    name: str
    """Its operation id."""
    version: int
    method: str
    path: str
    """From the root of the site, with {…} where a parameter stands."""
    title: str
    words: str
    group: str
    is_open: bool
    is_old: bool
    parameters: tuple[Parameter, ...]
    fields: tuple[Field, ...]
    answers: tuple[Answer, ...]

    @property
    def short_path(self) -> str:
        """The path after the version: general/balance."""
        return self.path.split("/", 3)[3]

    @property
    def has_ids(self) -> bool:
        """Whether its answer holds numbers that JavaScript would round."""
        return any(field.name.rpartition(".")[2] == "id" for field in self.fields)


@dataclass(frozen=True)
class Group:
    """Calls that belong together."""

    name: str
    calls: tuple[Call, ...]


def groups(mode: Mode, version: int) -> tuple[Group, ...]:
    """Return the calls of a mode and version by what they are about, in the language that is active."""
    return _groups(mode, version, get_language() or "")


def find(mode: Mode, version: int, name: str) -> Call | None:
    """Return a call by its operation id, or None."""
    if version not in VERSIONS:
        return None
    return next((call for group in groups(mode, version) for call in group.calls if call.name == name), None)


@cache
def _groups(mode: Mode, version: int, language: str) -> tuple[Group, ...]:
    document = document_of(mode, version)
    calls = [
        _call(document, version, path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    calls.sort(key=lambda call: call.is_old)
    names = list(dict.fromkeys(call.group for call in calls))
    calls.sort(key=lambda call: names.index(call.group))
    return tuple(Group(name, tuple(of_it)) for name, of_it in groupby(calls, key=lambda call: call.group))


def _call(document: Json, version: int, path: str, method: str, operation: Json) -> Call:
    schemas, name = document["components"]["schemas"], operation["operationId"]
    answers = {int(status): answer for status, answer in operation["responses"].items()}
    whole = answers[200]["content"]["application/json"]["schema"]
    return Call(
        name=name,
        version=version,
        method=method.upper(),
        path=path,
        title=operation["summary"],
        words=operation["description"],
        group=operation["tags"][0],
        is_open=operation.get("security") == [],
        is_old=operation.get("deprecated", False),
        parameters=tuple(_parameters(name, operation)),
        fields=tuple(_fields(whole, schemas, "")),
        answers=tuple(_answer(status, answer) for status, answer in answers.items()),
    )


def _parameters(call: str, operation: Json) -> Iterator[Parameter]:
    """Yield what a call takes: parameters, and the fields of its body."""
    for written in operation["parameters"]:
        yield _parameter(call, written)
    for content in operation.get("requestBody", {}).get("content", {}).values():
        for name, field in content["schema"]["properties"].items():
            is_needed = name in content["schema"].get("required", ())
            said = {"name": name, "in": "body", "schema": field, "required": is_needed, "example": field["examples"][0]}
            yield _parameter(call, {**said, "description": field["description"]})


def _parameter(call: str, written: Json) -> Parameter:
    schema, is_in_path = written["schema"], written["in"] == "path"
    return Parameter(
        name=written["name"],
        kind=_kind(schema, {}),
        words=written["description"],
        example=str(written["example"]),
        place=written["in"],
        is_required=written["required"],
        is_shown=is_in_path or written["name"] in SHOWN_QUERIES.get(call, ()),
        values=_values(schema),
        default=str(schema.get("default", "")),
    )


def _answer(status: int, written: Json) -> Answer:
    example = written["content"]["application/json"]["example"]
    return Answer(status, written["description"], json.dumps(example, indent=2, ensure_ascii=False))


def _fields(schema: Json, schemas: Json, before: str) -> Iterator[Field]:
    """Yield what stands in an answer; what stands in a list or an object comes after it."""
    schema = _followed(schema, schemas)
    if schema.get("type") == "array":
        yield from _fields(schema["items"], schemas, f"{before}[].")
        return
    for name, field in schema.get("properties", {}).items():
        yield Field(before + name, _kind(field, schemas), field.get("description", ""), _values(field))
        if "$ref" in field or field.get("type") in ("array", "object"):
            inner = field if field.get("type") == "array" else _followed(field, schemas)
            below = f"{before}{name}" if field.get("type") == "array" else f"{before}{name}."
            yield from _fields(inner, schemas, below)


def _followed(schema: Json, schemas: Json) -> Json:
    return schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _values(schema: Json) -> tuple[str, ...]:
    """Return what it can be; of an order and the same turned round, the first."""
    values = [str(value) for value in schema.get("enum", ()) if value != ""]
    return tuple(value for value in values if not (value.startswith("-") and value[1:] in values))


def _kind(schema: Json, schemas: Json) -> str:
    """Return what a value looks like, in words."""
    if "anyOf" in schema:
        return " / ".join(_kind(one, schemas) for one in schema["anyOf"])
    words = {
        "integer": _("whole number"),
        "string": _("text"),
        "boolean": _("true or false"),
        "array": _("list"),
        "null": "null",
    }
    return words.get(schema.get("type", ""), _("object"))
