"""The OpenAPI document: valid, complete, and true of what the API answers."""

import json
import re

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from developer.api.document import operations, sent_in
from developer.api.door import MARK
from developer.api.urls import OPEN, document_of
from flipdash.mode import Mode
from tests import factories
from tests.developer.calling import ROOTS, Program
from tests.test_permissions import routes
from transactions.models import Status, Via

pytestmark = pytest.mark.django_db
DOCUMENTS = [(mode, version) for mode in Mode for version in (2, 3)]


@pytest.mark.parametrize(("mode", "version"), DOCUMENTS)
def test_the_document_is_valid_openapi_3_1(mode, version):
    document = json.loads(json.dumps(document_of(mode, version)))
    assert document["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(document).validate()


def test_the_validator_would_notice():
    document = document_of(Mode.LIVE, 3)
    del document["info"]["title"]
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) != []


def test_every_address_of_the_api_is_in_a_document_and_nothing_else():
    routed = {
        "/" + route.pattern.replace("<", "{").replace(">", "}")
        for route in routes()
        if (route.mark == MARK or route.pattern.endswith(OPEN)) and not route.pattern.startswith("^")
    }
    documented = {path for mode, version in DOCUMENTS for path in document_of(mode, version)["paths"]}
    assert documented == routed
    assert len(routed) == 26


@pytest.mark.parametrize(("mode", "version"), DOCUMENTS)
def test_each_call_says_all_that_a_program_has_to_know(mode, version):
    document = document_of(mode, version)
    for operation in operations(document):
        name = operation["operationId"]
        assert operation["summary"], name
        assert operation["description"], name
        is_open = operation.get("security") == []
        assert is_open == (name == "getMaintenance")
        expected = {"200", "400", "415"} if is_open else {"200", "400", "401", "415", "403", "429", "500", "503"}
        assert expected <= set(operation["responses"]), name
        assert ("422" in operation["responses"]) == bool(operation["parameters"] or "requestBody" in operation)
        assert ("409" in operation["responses"]) == ("requestBody" in operation)
        for status in {"429", "503"} & set(operation["responses"]):
            assert "Retry-After" in operation["responses"][status]["headers"]
        for parameter in operation["parameters"]:
            assert parameter["description"], (name, parameter["name"])
            assert parameter["example"], (name, parameter["name"])
    for name, schema in document["components"]["schemas"].items():
        for field, described in schema["properties"].items():
            assert described["description"], (name, field)


def check(document, schema, value):
    """Raise if the value isn't what the schema says, with no field that the schema doesn't know."""
    schemas = document["components"]["schemas"]
    strict = {name: {**known, "additionalProperties": False} for name, known in schemas.items()}
    Draft202012Validator({**schema, "components": {"schemas": strict}}).validate(value)


@pytest.mark.parametrize(("mode", "version"), DOCUMENTS)
def test_examples_are_what_their_schemas_say(mode, version):
    document = document_of(mode, version)
    for operation in operations(document):
        for answer in operation["responses"].values():
            content = answer["content"]["application/json"]
            check(document, content["schema"], content["example"])
        for parameter in operation["parameters"]:
            check(document, parameter["schema"], parameter["example"])
        for field in sent_in(operation):
            check(document, field, field["examples"][0])
            assert field["description"]


def test_answers_are_what_the_document_says(admin):
    """Each call of both versions, each answer that can be had, against the schema of its status."""
    row = factories.make_transfer(admin.business, via=Via.API, idempotency_key="order-77")
    factories.make_transfer(admin.business, status=Status.FAILED, reason="account_closed")
    shop = Program(admin)
    seen = set()
    for version in (2, 3):
        document = document_of(Mode.LIVE, version)
        for path, methods in document["paths"].items():
            if "get" not in methods:
                continue  # what creates: test_creation.py
            short = path.removeprefix(f"{ROOTS['live']}/v{version}/")
            queries = [{}, {"id": str(row.pk)}, {"idempotency-key": "order-77"}, {"code": "nobank", "page": "x"}]
            for query in queries:
                for pk in (row.pk, 1):
                    answer = shop.get(short.replace("{id}", str(pk)), query, version=version)
                    told = methods["get"]["responses"][str(answer.status_code)]
                    check(document, told["content"]["application/json"]["schema"], answer.json())
                    seen.add((methods["get"]["operationId"], answer.status_code))
    assert {("getDisbursement", 200), ("getDisbursement", 422), ("listBanks", 422), ("listDisbursements", 422)} <= seen
    assert {name for name, status in seen if status == 200} == {
        *("getBalance", "listBanks", "getMaintenance", "getOperational"),
        *("listDisbursements", "getDisbursement", "getDisbursementQueue"),
    }


def test_the_document_is_in_the_language_that_is_active(settings):
    assert document_of(Mode.LIVE, 3)["paths"]["/api/v3/general/balance"]["get"]["summary"] == "Balance"
    assert re.fullmatch(r"https?://[^/]+", document_of(Mode.LIVE, 3)["servers"][0]["url"])
