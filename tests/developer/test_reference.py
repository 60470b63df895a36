"""API Reference: a page for each call, the document as a file, and Try it, which is a call like any other."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from developer.api import errors
from developer.api.urls import document_of
from developer.callbacks.samples import SAMPLES
from developer.keys import services
from developer.keys.services import KeyRequest
from developer.models import ApiCall, CallbackEvent
from developer.reference import calls, chapters, trying
from flipdash import rls
from flipdash.mode import Mode
from tests import factories
from tests.developer.calling import Program
from transactions.rails import simulator

pytestmark = pytest.mark.django_db
REFERENCE = "/developer/reference/"
DEVELOPER = settings.BASE_DIR / "developer"


def text(answer) -> str:
    return answer.content.decode()


def every_call():
    return [
        (mode, call)
        for mode in Mode
        for version in (2, 3)
        for group in calls.groups(mode, version)
        for call in group.calls
    ]


@pytest.fixture
def key(admin):
    """A test key of the business, and its text."""
    scope = admin.scope("test")
    with rls.inside(scope):
        return services.make_key(scope, KeyRequest("API Secret Key"))


def attempt(web, name="getBalance", *, version=3, key=None, **values):
    """Press Call on the page of a call."""
    sent = {f"try-{name.replace('_', '-')}": value for name, value in values.items()}
    if key is not None:
        sent["try-with-key"] = key.pk
    return web.post(f"/test{REFERENCE}v{version}/{name}/", sent)


# --- The pages -----------------------------------------------------------------------------------------------


def test_every_call_has_a_page_in_its_mode(web):
    seen = 0
    for mode, call in every_call():
        prefix = "/test" if mode == Mode.TEST else ""
        page = text(web.get(f"{prefix}{REFERENCE}v{call.version}/{call.name}/"))
        assert call.path in page, call
        assert all(f">{parameter.name}</code>" in page for parameter in call.parameters)
        assert page.count("YOUR_API_SECRET_KEY") == (0 if call.is_open else page.count("fd_" + mode + "_YOUR"))
        assert ('id="try"' in page) == (mode == Mode.TEST)
        seen += 1
    assert seen == 30


def test_the_overview_leads_to_every_call(web):
    page = text(web.get(REFERENCE))
    for _mode, call in every_call():
        assert f'href="{REFERENCE}v{call.version}/{call.name}/"' in page
    assert f"{settings.SITE_URL}/api/v3" in page
    assert "big_sandbox_api" not in page
    assert f"{settings.SITE_URL}/big_sandbox_api/v3" in text(web.get("/test" + REFERENCE))


@pytest.mark.parametrize(
    "path", ["v3/nothing/", "v1/getBalance/", "v99999999999999999999/getBalance/", "v4/openapi.json"]
)
def test_what_there_is_not_is_not_found(web, path):
    assert web.get(REFERENCE + path).status_code == 404


def test_the_document_is_a_file_in_english_whatever_the_pages_are_in(web, admin):
    admin.user.language = "id"
    admin.user.save(update_fields=["language"])
    assert "Cara pakai" in text(web.get(REFERENCE))
    for prefix, mode in (("", Mode.LIVE), ("/test", Mode.TEST)):
        for version in (2, 3):
            answer = web.get(f"{prefix}{REFERENCE}v{version}/openapi.json")
            assert answer["Content-Type"] == "application/json"
            assert answer["Content-Disposition"] == f'attachment; filename="flipdash-{mode}-v{version}.openapi.json"'
            assert json.loads(answer.content) == json.loads(json.dumps(document_of(mode, version)))


def test_a_page_is_few_statements(web, key, django_assert_max_num_queries):
    web.get(f"/test{REFERENCE}v3/listDisbursements/")
    with django_assert_max_num_queries(14):
        web.get(f"/test{REFERENCE}v3/listDisbursements/")


# --- What they say is what the code does ----------------------------------------------------------------------


def test_the_numbers_of_a_422_are_those_that_are_answered():
    modules = (DEVELOPER / "api").glob("*.py")
    names = re.findall(r"errors\.([A-Z][A-Z_]+)\b", "".join(path.read_text() for path in modules))
    used = {getattr(errors, name) for name in names}
    inner = {number for number in used if isinstance(number, int) and number > 599}  # what is less is HTTP's
    assert inner == set(errors.INNER_CODES)


def test_every_number_that_the_simulated_bank_knows_is_told(web):
    known = {value for value in vars(simulator).values() if isinstance(value, str) and re.fullmatch(r"9\d{3}", value)}
    assert {one.ending for one in chapters.magic_accounts()} == known
    assert {one.ending for one in chapters.magic_amounts()} == {str(ending) for ending in simulator.AMOUNTS}
    page = text(web.get("/test" + REFERENCE))
    for one in [*chapters.magic_accounts(), *chapters.magic_amounts()]:
        assert f"<dt>\n        {one.ending}" in page or re.search(rf"<dt>\s*{one.ending}\s*</dt>", page)


def test_the_callbacks_that_are_told_are_those_that_the_code_tells(web):
    sources = "".join(path.read_text() for path in Path(DEVELOPER / "callbacks").glob("*.py"))
    told = {
        CallbackEvent[name]
        for name in re.findall(r"outbox\.(?:tell(?:_all)?|url_for)\([^)]*?CallbackEvent\.([A-Z_]+)", sources)
    }
    assert told == set(chapters.WHEN)
    page = text(web.get(REFERENCE + "callbacks/"))
    for event in told:
        assert str(event.label) in page
        assert str(event) in SAMPLES


def test_when_a_callback_comes_again_is_what_the_schedule_says(web):
    page = text(web.get(REFERENCE + "callbacks/"))
    assert (
        "5 times after 2 minutes, then after 30 minutes, 2 hours, 5 hours, 10 hours, 14 hours, 20 hours, 24 hours"
        in page
    )
    assert "After 3 days the URL is paused." in page


# --- Try it --------------------------------------------------------------------------------------------------


def test_a_call_is_made_and_kept_like_any_other(web, key, admin):
    made, secret = key
    page = text(attempt(web, key=made))
    assert "200 OK" in page
    assert "&quot;balance&quot;: 0" in page
    assert "Request-Id: " in page
    assert "/big_sandbox_api/v3/general/balance" in page
    assert secret not in page
    assert secret[20:40] not in page
    with rls.inside(admin.scope("test")):
        call = ApiCall.objects.get()
        made.refresh_from_db()
    assert (call.path, call.status, call.key_id) == ("/big_sandbox_api/v3/general/balance", 200, made.pk)
    assert call.request_headers["User-Agent"] == trying.AGENT
    assert "Authorization" not in call.request_headers
    assert made.last_used_for == "GET /big_sandbox_api/v3/general/balance"


def test_what_is_typed_reaches_the_call_as_it_is(web, key, admin):
    row = factories.make_transfer(
        admin.business, mode="test", remark="a&b=c #1 – ½ 🙂", beneficiary_name="<script>alert(1)</script>"
    )
    factories.make_transfer(admin.business, mode="test", remark="other")
    page = text(attempt(web, "listDisbursements", key=key[0], remark="a&b=c #1 – ½ 🙂"))
    assert f"&quot;id&quot;: {row.pk}" in page
    assert "&quot;total_data&quot;: 1" in page
    assert "<script>alert(1)" not in page


def test_a_disbursement_is_found_by_its_key_and_in_version_2_by_its_id(web, key, admin):
    row = factories.make_transfer(admin.business, mode="test", idempotency_key="order/77")
    page = text(attempt(web, "getDisbursement", key=key[0], idempotency_key="order/77"))
    assert f"&quot;id&quot;: {row.pk}" in page
    assert f"&quot;id&quot;: {row.pk}" in text(attempt(web, "getDisbursement", version=2, key=key[0], id=str(row.pk)))


@pytest.mark.parametrize("wanted", ["../../v3/general/balance", "1/queue", "%2e%2e", "x" * 500, "é\u202e🙂", "1?x=y#z"])
def test_a_path_is_never_anything_but_the_calls_own(web, key, admin, wanted):
    page = text(attempt(web, "getDisbursement", version=2, key=key[0], id=wanted))
    assert re.search(r"422 |404 ", page)
    assert "balance&quot;" not in page


def test_an_open_call_needs_no_key(web, admin):
    assert "&quot;maintenance&quot;: false" in text(attempt(web, "getMaintenance"))
    with rls.inside(admin.scope("test")):
        assert not ApiCall.objects.exists()


def test_the_keys_own_limits_hold(web, admin, settings):
    settings.API_CALLS_A_SECOND, settings.API_CALLS_AT_ONCE = 1, 1
    bound = Program(admin, "test", allowed_addresses=("203.0.113.7",)).key
    assert "IP is not Whitelisted" in text(attempt(web, key=bound))
    hasty = Program(admin, "test").key
    assert "200 OK" in text(attempt(web, key=hasty))
    page = text(attempt(web, key=hasty))
    assert "429 Too Many Requests" in page
    assert "Retry-After: 1" in page


def test_only_a_test_key_of_the_own_business_that_works_can_be_chosen(web, admin, stranger):
    ended = Program(admin, "test").key
    scope = admin.scope("test")
    with rls.inside(scope):
        services.end_key(scope, ended.pk)
    for key in (Program(stranger, "test").key, Program(admin).key, ended):
        answer = attempt(web, key=key)
        assert key.public not in text(answer)
        assert "200 OK" not in text(answer)
    with rls.inside(scope):
        assert not ApiCall.objects.exists()


def test_without_a_test_key_the_page_says_where_to_make_one(web):
    page = text(web.get(f"/test{REFERENCE}v3/getBalance/"))
    assert "There is no test key yet." in page
    assert "200 OK" not in text(web.post(f"/test{REFERENCE}v3/getBalance/", {}))


def test_live_mode_makes_no_calls(web, admin, key):
    live = Program(admin).key
    assert web.post(f"{REFERENCE}v3/getBalance/", {"try-with-key": live.pk}).status_code == 404
    page = text(web.get(f"{REFERENCE}v3/getBalance/"))
    assert f'href="/test{REFERENCE}v3/getBalance/#try"' in page


def test_a_call_from_another_site_is_refused(admin, key):
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin.user)
    assert attempt(client, key=key[0]).status_code == 403


def test_what_is_missing_is_said_and_what_was_typed_stays(web, key):
    page = text(attempt(web, "getDisbursement", version=2, key=key[0], id=""))
    assert "field--bad" in page
    page = text(attempt(web, "listDisbursements", key=key[0], remark="y" * 501))
    assert "field--bad" in page
    assert "y" * 501 in page
