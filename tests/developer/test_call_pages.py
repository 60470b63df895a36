"""Developer → API Logs: the list, its search and filters, and one call's page (trust: I2, R1, W1, X1)."""

import pytest
from django.core.management import call_command

from accounts import demo as people
from accounts.models import Business, Member
from accounts.permissions import Role
from developer import reading
from developer.models import ApiCall, ApiKey
from flipdash import rls
from tests import factories
from tests.developer.calling import Program

pytestmark = pytest.mark.django_db(databases=["default", "operator"])
LOGS = "/developer/logs/"


def listed(member, query):
    scope = member.scope("live")
    with rls.inside(scope):
        return [row["path"] for row in factories.history(scope, query, "api-calls").results().rows]


@pytest.fixture
def calls(admin):
    shop = factories.make_key(admin, "Shop")
    cashier = factories.make_key(admin, "Cashier")
    made = [
        factories.make_call(admin, key=shop, path="/api/v3/general/balance", address="203.0.113.7"),
        factories.make_call(admin, key=shop, path="/api/v3/disbursement", method="POST", status=422),
        factories.make_call(admin, key=cashier, path="/api/v2/disbursement/1842", status=500, address="2001:db8::7"),
    ]
    return {"shop": shop, "cashier": cashier, "made": made}


def test_calls_are_found_by_path_address_request_id_and_status(admin, calls):
    balance, create, read = (call.path for call in calls["made"])
    for query, found in (
        ("", [read, create, balance]),
        ("q=balance", [balance]),
        ("q=v3%20disb", [create]),
        ("q=203.0.113.7", [create, balance]),
        ("q=2001:DB8:0::7", [read]),
        (f"q={calls['made'][1].request_id.upper()}", [create]),
        ("q=422", [create]),
        ("q=1842", [read]),
        ("method=POST", [create]),
        ("outcome=broken", [read]),
        ("outcome=refused&outcome=ok", [create, balance]),
        (f"key={calls['cashier'].pk}", [read]),
        (f"key={calls['shop'].pk}&outcome=ok", [balance]),
        ("date_to=2020-01-01", []),
        ("method=BREW", []),
    ):
        assert listed(admin, query) == found, query


def test_the_page_says_what_is_filtered_and_what_is_not_here(web, calls):
    page = web.get(f"{LOGS}?key={calls['cashier'].pk}").content.decode()
    assert f"Cashier · {calls['cashier'].shown}" in page
    assert "Calls are kept for 30 days." in page


def test_where_a_key_was_used_last_leads_to_its_calls(web, admin):
    shop = Program(admin)
    shop.get("general/balance")
    assert f'href="{LOGS}?key={shop.key.pk}"' in web.get("/developer/manage/").content.decode()
    assert listed(admin, f"key={shop.key.pk}") == ["/api/v3/general/balance"]


def test_a_calls_page_shows_request_and_answer_laid_out(web, calls, admin):
    call = factories.make_call(
        admin,
        query="id=7&note=<b>",
        request_headers={"User-Agent": "shop/1.0 \u202e"},
        answer_headers={"Retry-After": "1"},
        answer_body='{"balance": 1850000, "id": 1234567890123456789}',
        answer_bytes=47,
        stands_for=184,
    )
    page = web.get(f"{LOGS}{call.pk}/").content.decode()
    for words in (
        "id=7&amp;note=&lt;b&gt;",
        "User-Agent: shop/1.0 [U+202E]",
        "Retry-After: 1",
        "{\n  &quot;balance&quot;: 1850000,\n  &quot;id&quot;: 1234567890123456789\n}",
        "184 calls above the limit",
        call.request_id,
        "It has no body.",
    ):
        assert words in page, words
    assert "<b>" not in page


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ('{"a":[1,2.5]}', '{\n  "a": [\n    1,\n    2.5\n  ]\n}'),
        ('{"a": 1, "a": 2}', '{"a": 1, "a": 2}'),
        ('{"a": 1e309}', '{"a": 1e309}'),
        ('{"a": NaN}', '{"a": NaN}'),
        ('{"cut": "of', '{"cut": "of'),
        ("[" * 50_000, "[" * 50_000),
        ("a\x1b[31m\nb\u2066", "a[U+001B][31m\nb[U+2066]"),
        ('{"ud": "\\ud800"}', '{\n  "ud": "[U+D800]"\n}'),
    ],
)
def test_a_body_is_laid_out_only_where_it_reads_the_same(body, shown):
    assert reading.laid_out(body) == shown


def test_a_cut_body_and_one_that_is_no_text_say_so(web, admin):
    cut = factories.make_call(admin, answer_body="x" * 16_000, answer_bytes=48_000)
    binary = factories.make_call(admin, request_bytes=9_000)
    assert "Only the beginning of it is kept." in web.get(f"{LOGS}{cut.pk}/").content.decode()
    assert "Its body is no text, and isn’t kept." in web.get(f"{LOGS}{binary.pk}/").content.decode()


def test_who_may_not_manage_the_api_sees_no_calls(client_of, people, calls):
    for role in Role:
        web, may = client_of(people[role]), role in {Role.ADMIN, Role.DEVELOPER}
        assert web.get(LOGS).status_code == (200 if may else 403), role
        assert web.get(f"{LOGS}{calls['made'][0].pk}/").status_code == (200 if may else 403), role
        assert ("/developer/manage/" in web.get("/money-transfers/").content.decode()) is may, role


def test_another_businesss_and_the_other_modes_calls_are_as_missing(web, admin, stranger):
    for call in (factories.make_call(stranger), factories.make_call(admin, mode="test")):
        assert web.get(f"{LOGS}{call.pk}/").status_code == 404
    foreign = factories.make_key(stranger)
    assert listed(admin, "") == listed(admin, f"key={foreign.pk}") == []


def test_a_page_of_calls_is_few_statements(web, admin, calls, django_assert_max_num_queries):
    for _ in range(30):
        factories.make_call(admin, key=calls["shop"])
    web.get(LOGS)
    with django_assert_max_num_queries(12):
        web.get(LOGS)


def test_the_demo_has_a_month_of_calls_some_failing(db):
    people.make_people()
    call_command("demo_developer")
    developer = Member.objects.get(user__email=people.KOPI_KITA.email(Role.DEVELOPER))
    for mode, count in (("live", 1_600), ("test", 240)):
        with rls.inside(developer.scope(mode)):
            calls = ApiCall.objects.all()
            assert calls.count() == count
            assert 0.8 < calls.filter(outcome="ok").count() / count < 0.98
            assert {429, 500, 422, 404, 405} <= set(calls.values_list("status", flat=True))
            assert {bool(key.sealed) for key in ApiKey.objects.all()} == {mode == "test"}
            call_command("demo_developer")
            assert (calls.count(), ApiKey.objects.count()) == (count, 2)
    assert Business.objects.count() == 2
