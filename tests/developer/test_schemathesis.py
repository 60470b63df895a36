"""Thousands of calls made from the OpenAPI document, right ones and wrong ones: each answered as it says (trust: K5).

schemathesis makes them, and judges the answers by all of its checks: status, content type, headers and body are as
declared, what is right is taken, what is wrong and what has no key is refused, other methods are refused in form.
"""

from collections import Counter
from functools import cache
from itertools import count

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as hypothesis_settings
from schemathesis import GenerationMode
from schemathesis.checks import negative_data_rejection
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from developer.api.creating import TIMESTAMP
from developer.api.creation import KEY, DisbursementInV3, InquiryIn
from developer.api.urls import VERSIONS, document_of
from flipdash.mode import Mode
from tests import factories
from tests.developer.calling import Program

pytestmark = pytest.mark.django_db
EXAMPLES = {2: 38, 3: 52}
"""By version: calls of each endpoint, of right ones and of wrong ones. The second version has more endpoints."""
CALLED_AGAIN = 5
"""How many calls of each are made once more without a key and with a wrong one: what they answer is always the same."""
LEAST = 500
"""Calls of each mode and version: 2,000 in all."""
CREATING = (KEY, TIMESTAMP)
SENT = {*DisbursementInV3.model_fields, *InquiryIn.model_fields}
CONFIG = schemathesis.Config.from_dict(
    {"checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", 404, 422]}}},
)
"""A right call may name what isn't there: an id, a bank, a page. All else about it has to be taken."""


@pytest.fixture
def one_connection():
    """Leave the test's connection open, which Django closes after each request of a real server."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.usefixtures("one_connection")
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("mode", Mode)
def test_thousands_of_calls_from_the_document_are_answered_as_it_says(admin, settings, mode, version):
    settings.API_CALLS_AT_ONCE = 1_000_000
    settings.ALLOWED_HOSTS = ["*"]
    program, statuses = Program(admin, mode), Counter()
    for _ in range(3):
        factories.make_transfer(admin.business, mode=mode)
    call_all(document_of(mode, version), program, EXAMPLES[version], statuses)
    print(f"\n{mode}, v{version}: {sum(statuses.values()):,} calls: {dict(statuses)}")
    assert sum(statuses.values()) >= LEAST
    assert {200, 422} <= set(statuses)
    assert max(statuses) < 500


site = cache(get_wsgi_application)


def application(environ, start_response):
    """The site as gunicorn serves it: it says who calls."""
    return site()({**environ, "REMOTE_ADDR": "203.0.113.7"}, start_response)


def call_all(document, program, examples, statuses):
    """Call every endpoint of a document by right and by wrong parameters."""
    schema = schemathesis.openapi.from_dict(document, config=CONFIG)
    schema.app = application
    for result in schema.get_all_operations():
        operation = result.ok()
        for generation in GenerationMode if list(operation.iter_parameters()) else [GenerationMode.POSITIVE]:
            call(operation, generation, program, examples, statuses)


def is_taken_anyway(case):
    """Whether Flip's rules take what the document doesn't tell: unknown parameters, and empty ones, which are none."""
    beside, sent = case.headers or {}, case.body if isinstance(case.body, dict) else {}
    asked = {**(case.query or {}), **sent, **{name: beside[name] for name in CREATING if name in beside}}
    declared = {parameter.name for parameter in case.operation.iter_parameters()} | SENT
    return bool(asked.keys() - declared) or "" in asked.values()


def has_nul(case):
    """Whether a form has a text in it that no database holds: that gets 400, whatever it is called."""
    sent = case.body if isinstance(case.body, dict) else {}
    return any("\0" in str(text) for pair in sent.items() for text in pair)


def call(operation, generation, program, examples, statuses):
    numbers = count()

    @seed(13)
    @hypothesis_settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=generation))
    def each(case):
        excluded = [negative_data_rejection] if is_taken_anyway(case) else []
        excluded += [positive_data_acceptance] if has_nul(case) else []
        excluded += [ignored_auth] if next(numbers) >= CALLED_AGAIN else []
        answer = case.call_and_validate(headers=program.headers(), excluded_checks=excluded)
        statuses[answer.status_code] += 1

    each()
