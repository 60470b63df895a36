"""The merchant API: its door, general endpoints and reading disbursements (reference/flip-api.md §1-4)."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import CharField, Func
from django.test import Client
from django.test.utils import CaptureQueriesContext

from deposits import ledger
from deposits.ledger import Source
from developer.api import disbursements, limits
from developer.api.door import MARK
from developer.models import ApiKey
from flipdash import rls
from flipdash.actors import SYSTEM
from tests import factories
from tests.developer.calling import Program
from tests.test_permissions import routes
from transactions import destinations, disturbances
from transactions.models import MoneyTransfer, Status, Via

pytestmark = pytest.mark.django_db
UNAUTHORIZED = {
    "name": "Unauthorized",
    "message": "Your request was made with invalid credentials.",
    "status": 401,
}


@pytest.fixture(autouse=True)
def unlimited(settings):
    settings.API_CALLS_AT_ONCE = 100_000


@pytest.fixture
def shop(admin):
    return Program(admin)


def made(business, **fields):
    return factories.make_transfer(business, **fields)


# --- The door ------------------------------------------------------------------------------------------------


def api_routes():
    return [route for route in routes() if route.mark == MARK and not route.pattern.startswith("^")]


def test_every_address_of_the_api_stands_behind_the_door(web):
    """Without a key it says so, whoever is signed in to the dashboard: the API reads no cookie (trust: S6)."""
    found = api_routes()
    assert len(found) == 22
    for route in found:
        path = "/" + route.pattern.replace("<id>", "1")
        for client in (Client(), web):
            for method in ("get", "post", "put", "delete"):
                answer = getattr(client, method)(path)
                assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED), path


@pytest.mark.parametrize(
    "path", ["/api/", "/api/v3/", "/api/v3/nothing", "/api/v1/general/balance", "/big_sandbox_api/x"]
)
def test_an_unknown_address_answers_as_the_api_does(path):
    answer = Client().get(path)
    assert answer.json() == {"name": "Not Found", "message": "Page not found.", "status": 404}
    assert answer.status_code == 404


def test_the_api_is_not_below_the_dashboards_test_mode():
    assert Client().get("/test/api/v3/general/maintenance").status_code == 404


def test_another_method_is_refused(shop):
    answer = shop.client.post("/api/v3/general/balance", headers={"Authorization": ""})
    assert answer.status_code == 401
    assert shop.get("general/balance").status_code == 200


def test_a_call_from_elsewhere_says_that_the_address_is_not_allowed(admin):
    answer = Program(admin, allowed_addresses=("203.0.113.7",)).get("general/balance")
    assert answer.json() == {"name": "Unauthorized", "message": "IP is not Whitelisted", "status": 401}


def test_in_maintenance_only_that_endpoint_answers(shop, settings):
    assert Client().get("/api/v2/general/maintenance").json() == {"maintenance": False}
    settings.API_MAINTENANCE = True
    assert Client().get("/api/v3/general/maintenance").json() == {"maintenance": True}
    answer = shop.get("general/balance")
    assert (answer.status_code, answer.json()["name"], answer["Retry-After"]) == (503, "SERVICE_UNAVAILABLE", "60")


# --- Limits --------------------------------------------------------------------------------------------------


def test_a_key_that_calls_too_often_waits_and_others_do_not(admin, settings):
    settings.API_CALLS_A_SECOND, settings.API_CALLS_AT_ONCE = 1, 3
    hasty, calm = Program(admin), Program(admin)
    answers = [hasty.get("general/balance") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[-1]["Retry-After"] == "1"
    assert answers[-1].json() == {
        "name": "Too Many Requests",
        "message": "Too many requests. Slow down.",
        "status": 429,
    }
    assert calm.get("general/balance").status_code == 200


def test_a_call_above_the_limit_costs_next_to_nothing(admin, settings):
    """So one who floods takes little from others (trust: K6): nothing is written, and no endpoint is reached."""
    settings.API_CALLS_A_SECOND, settings.API_CALLS_AT_ONCE = 1, 2
    hasty, calm = Program(admin), Program(admin)
    assert [hasty.get("general/balance").status_code for _ in range(4)] == [200, 200, 429, 429]
    with CaptureQueriesContext(connection) as made:
        assert hasty.get("general/balance").status_code == 429
    asked = [query["sql"] for query in made]
    assert all(sql.startswith(("SELECT", "SAVEPOINT", "RELEASE")) for sql in asked)
    assert sum("developer_" in sql for sql in asked) <= 2
    with CaptureQueriesContext(connection) as served:
        assert calm.get("general/balance").status_code == 200
    assert len(asked) < len(served)


def test_without_valkey_calls_go_on_and_it_is_asked_again_later(shop, settings, monkeypatch):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    limits._take.cache_clear()
    monkeypatch.setattr(limits, "_away_until", 0.0)
    try:
        assert shop.get("general/balance").status_code == 200
        assert limits._away_until > 0
        monkeypatch.setattr(limits, "_take", lambda: pytest.fail("asked again at once"))
        assert shop.get("general/balance").status_code == 200
    finally:
        monkeypatch.undo()
        limits._take.cache_clear()


# --- General -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [2, 3])
def test_balance_is_what_can_be_spent_in_the_keys_mode(admin, version):
    for mode, amount in (("live", 1_850_000), ("test", 7_000)):
        with rls.inside(admin.scope(mode)):
            ledger.top_up(admin.scope(mode), Source("top_up", amount), amount=amount, bank="bca")
    assert Program(admin).get("general/balance", version=version).json() == {"balance": 1_850_000}
    assert Program(admin, "test").get("general/balance", version=version).json() == {"balance": 7_000}


def test_a_read_only_key_may_look(admin):
    assert Program(admin, access="read").get("general/balance").status_code == 200


def test_banks_are_all_that_can_be_paid(admin, shop, stranger):
    for business, mode in ((admin.business, "live"), (admin.business, "test"), (stranger.business, "live")):
        made(business, mode=mode, bank="bca", status=Status.PROCESSING)
    made(admin.business, bank="bca")  # arrived: no longer in a queue
    for version in (2, 3):
        banks = {bank["bank_code"]: bank for bank in shop.get("general/banks", version=version).json()}
        assert banks.keys() == destinations.NAMES.keys()
        assert banks["bca"] == {
            "bank_code": "bca",
            "name": "BCA",
            "fee": 2_500,
            "queue": 1,
            "status": "OPERATIONAL",
        }
        assert (banks["gopay"]["fee"], banks["gopay"]["queue"]) == (1_000, 0)


@pytest.mark.django_db(databases=["default", "operator"])  # who has a URL for it is looked up
def test_one_bank_is_a_list_of_one_and_says_how_it_does(shop):
    disturbances.set_status(["bri"], "heavily_disturbed", by=SYSTEM)
    [bri] = shop.get("general/banks", {"code": "bri"}).json()
    assert (bri["name"], bri["status"]) == ("BRI", "HEAVILY_DISTURBED")
    assert len(shop.get("general/banks", {"code": ""}).json()) == len(destinations.NAMES)


@pytest.mark.parametrize("code", ["nobank", "BCA", "bca ", "\x00", "bca' --"])
def test_an_unknown_bank_is_named(shop, code):
    answer = shop.get("general/banks", {"code": code})
    assert answer.status_code == 422
    assert answer.json() == {
        "code": "VALIDATION_ERROR",
        "errors": [{"attribute": "code", "code": 1033, "message": "Bank code is not found."}],
        "message": "BANK_NOT_FOUND",
    }


def test_the_list_of_banks_is_few_statements(admin, shop, django_assert_max_num_queries):
    for bank in ("bca", "bri", "bni"):
        made(admin.business, bank=bank, status=Status.PROCESSING)
    with django_assert_max_num_queries(9):
        assert len(shop.get("general/banks").json()) > 100


def test_operational_answers_old_clients(shop):
    assert shop.get("general/operational", version=2).json() == {"operational": True}
    assert shop.get("general/operational").status_code == 404


# --- Disbursements -------------------------------------------------------------------------------------------


def test_a_disbursement_is_written_as_flip_writes_it(admin, shop):
    at = datetime(2026, 11, 27, 17, 30, 15, tzinfo=UTC)  # the next day in GMT+7
    row = made(
        admin.business,
        amount=1_850_000,
        fee=2_500,
        status=Status.SUCCESSFUL,
        bank="bca",
        account_number="0012345678",
        beneficiary_name="Sri Wahyuni",
        remark="Gaji",
        via=Via.API,
        idempotency_key="order-77",
        created_at=at,
        completed_at=at + timedelta(seconds=5),
    )
    answer = shop.get("get-disbursement", {"id": row.pk}).json()
    assert answer == {
        "id": row.pk,
        "user_id": row.maker_id or 0,
        "amount": 1_850_000,
        "status": "DONE",
        "reason": "",
        "timestamp": "2026-11-28 00:30:15",
        "bank_code": "bca",
        "account_number": "0012345678",
        "recipient_name": "Sri Wahyuni",
        "sender_bank": None,
        "remark": "Gaji",
        "receipt": "",
        "time_served": "2026-11-28 00:30:20",
        "bundle_id": 0,
        "company_id": admin.business_id,
        "recipient_city": 0,
        "created_from": "API",
        "direction": "DOMESTIC_TRANSFER",
        "sender": None,
        "fee": 2_500,
        "beneficiary_email": "",
        "idempotency_key": "order-77",
    }
    old = shop.get(f"disbursement/{row.pk}", version=2).json()
    assert old == {
        name: value for name, value in answer.items() if name not in ("beneficiary_email", "idempotency_key")
    }


@pytest.mark.parametrize(
    ("status", "reason", "words"),
    [
        (Status.PENDING_APPROVAL, "", ("PENDING", "")),
        (Status.SCHEDULED, "", ("PENDING", "")),
        (Status.PROCESSING, "", ("PENDING", "")),
        (Status.CANCELLED, "", ("CANCELLED", "")),
        (Status.FAILED, "account_closed", ("CANCELLED", "INACTIVE_ACCOUNT")),
    ],
)
def test_our_states_are_flips(admin, shop, status, reason, words):
    row = made(admin.business, status=status, reason=reason)
    answer = shop.get("get-disbursement", {"id": row.pk}).json()
    assert (answer["status"], answer["reason"], answer["time_served"]) == (*words, "0000-00-00 00:00:00")


def not_found_by(answer):
    return answer.status_code == 422 and answer.json() == {
        "code": "VALIDATION_ERROR",
        "errors": [{"attribute": "id", "code": 1072, "message": "Disbursement is not found."}],
    }


@pytest.mark.parametrize("wanted", ["", "0", "-1", "1e5", "²", "9" * 19, "9" * 40, "1 OR 1=1", "\x00"])
def test_an_id_that_is_none_is_not_found(shop, wanted):
    assert not_found_by(shop.get("get-disbursement", {"id": wanted}))


def test_anothers_and_the_other_modes_are_as_missing(admin, shop, stranger):
    for row in (made(stranger.business), made(admin.business, mode="test")):
        assert not_found_by(shop.get("get-disbursement", {"id": row.pk}))
        assert not_found_by(shop.get(f"disbursement/{row.pk}", version=2))
        assert shop.get("disbursement", {"id": row.pk}).json()["data"] == []


def unknown_key_in(answer):
    return answer.status_code == 422 and answer.json()["errors"] == [
        {"attribute": "idempotency-key", "code": 1073, "message": "Idempotency key is not found."}
    ]


def test_a_disbursement_is_found_by_its_idempotency_key(admin, shop, stranger):
    key = "order/77 – é?&"
    row = made(admin.business, via=Via.API, idempotency_key=key)
    for business, mode in (
        (stranger.business, "live"),
        (admin.business, "test"),
    ):  # a key is each business's and mode's own
        made(business, mode=mode, via=Via.API, idempotency_key=key)
        made(business, mode=mode, via=Via.API, idempotency_key=f"{mode}-only")
    assert shop.get("get-disbursement", {"idempotency-key": key}).json()["id"] == row.pk
    for other in ("live-only", "test-only", "order/77", key.upper(), "x" * 5_000, "\x00", "' OR ''='"):
        assert unknown_key_in(shop.get("get-disbursement", {"idempotency-key": other})), other


def test_what_people_created_is_not_found_by_the_key_it_does_not_have(admin, shop):
    first, second = made(admin.business), made(admin.business)
    assert (first.idempotency_key, second.idempotency_key) == ("", "")
    assert not_found_by(shop.get("get-disbursement", {"idempotency-key": ""}))
    answer = shop.get("get-disbursement", {"id": second.pk, "idempotency-key": "anything"})
    assert answer.json()["id"] == second.pk


def test_an_idempotency_key_is_used_once_for_ever(admin):
    """Trust: L4."""
    row = made(admin.business, idempotency_key="order-77")
    with pytest.raises(IntegrityError, match="moneytransfer_key_once"), transaction.atomic():
        made(admin.business, idempotency_key="order-77")
    row.idempotency_key = "order-78"
    with pytest.raises(DatabaseError, match="keeps its identity"), transaction.atomic():
        row.save(update_fields=["idempotency_key"])


def test_the_queue_is_what_goes_to_the_same_bank_before(admin, shop, stranger):
    at = datetime(2026, 11, 1, tzinfo=UTC)
    rows = [
        made(admin.business, status=Status.PROCESSING, bank=bank, created_at=at + timedelta(minutes=n))
        for n, bank in enumerate(("bca", "bri", "bca", "bca"))
    ]
    made(stranger.business, status=Status.PROCESSING, bank="bca", created_at=at)
    made(admin.business, mode="test", status=Status.PROCESSING, bank="bca", created_at=at)
    done = made(admin.business, bank="bca", created_at=at + timedelta(hours=1))
    queues = [shop.get(f"disbursement/{row.pk}/queue", version=2).json()["queue"] for row in [*rows, done]]
    assert queues == [0, 0, 1, 2, 0]
    assert not_found_by(shop.get("disbursement/1/queue", version=2))


def ids(answer):
    assert answer.status_code == 200, answer.content
    return [one["id"] for one in answer.json()["data"]]


def test_the_list_has_pages(admin, shop):
    rows = [made(admin.business, created_at=datetime(2026, 11, 1, tzinfo=UTC) + timedelta(hours=n)) for n in range(25)]
    newest = [row.pk for row in reversed(rows)]
    first, second = shop.get("disbursement"), shop.get("disbursement", {"page": 2})
    assert ids(first) + ids(second) == newest
    assert {name: first.json()[name] for name in ("total_data", "data_per_page", "total_page", "page")} == {
        "total_data": 25,
        "data_per_page": 20,
        "total_page": 2,
        "page": 1,
    }
    assert second.json()["data_per_page"] == 5
    assert ids(shop.get("disbursement", {"page": 3})) == []
    assert ids(shop.get("disbursement", {"pagination": 7, "page": 4, "sort": "timestamp"})) == [
        row.pk for row in rows[21:]
    ]


def test_filters_combine_and_empty_ones_are_none(admin, shop):
    at = datetime(2026, 5, 31, 17, 0, tzinfo=UTC)  # 1 June, 00:00 in GMT+7
    june = made(admin.business, created_at=at, amount=50_000, remark="Gaji Juni", bank="bca", via=Via.API)
    may = made(admin.business, created_at=at - timedelta(seconds=1), amount=50_000, remark="Gaji Mei", bank="bri")
    for query, found in (
        ({"timestamp": "2026-06"}, [june]),
        ({"timestamp": "2026-05-31 23"}, [may]),
        ({"timestamp": "2026"}, [june, may]),
        ({"timestamp": "2026-06-01 00:00:00"}, [june]),
        ({"amount": "50000"}, [june, may]),
        ({"amount": "50000", "remark": "gaji", "bank_code": "bc"}, [june]),
        ({"created_from": "API"}, [june]),
        ({"remark": "", "status": "", "sort": "", "unknown": "x"}, [june, may]),
        ({"remark": "100%"}, []),
        ({"remark": "\x00"}, []),
        ({"direction": "DOMESTIC_TRANSFER"}, [june, may]),
        ({"direction": "FOREIGN_INBOUND_SPECIAL_TRANSFER"}, []),
        ({"status": "NO_SUCH"}, []),
        ({"sort": "timestamp"}, [may, june]),
        ({"sort": "-bank_code"}, [may, june]),
    ):
        assert ids(shop.get("disbursement", query)) == [row.pk for row in found], query


@pytest.mark.parametrize(
    ("query", "attribute", "code"),
    [
        ({"pagination": "0"}, "pagination", 1032),
        ({"pagination": "-5"}, "pagination", 1032),
        ({"pagination": "ten"}, "pagination", 1032),
        ({"page": "1.5"}, "page", 1032),
        ({"page": "9" * 30}, "page", 1032),
        ({"amount": "1.000"}, "amount", 1020),
        ({"id": "x"}, "id", 1020),
        ({"timestamp": "yesterday"}, "timestamp", 1040),
        ({"timestamp": "2026-02-30"}, "timestamp", 1040),
        ({"timestamp": "9999-12"}, "timestamp", 1040),
        ({"sort": "business_id"}, "sort", 1041),
        ({"sort": "--id"}, "sort", 1041),
    ],
)
def test_what_cannot_be_taken_is_named(shop, query, attribute, code):
    answer = shop.get("disbursement", query)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert (answer.json()["code"], error["attribute"], error["code"]) == ("VALIDATION_ERROR", attribute, code)


def test_a_list_that_takes_too_long_says_how_to_narrow_it(shop, monkeypatch):
    sleeping = Func(template="pg_sleep(1)::text", output_field=CharField())
    slow = MoneyTransfer.objects.annotate(slept=sleeping).exclude(slept="x")
    monkeypatch.setattr(disbursements, "SLOWEST", 20)
    monkeypatch.setattr(disbursements, "_filtered", lambda scope, asked: slow)
    made(shop.key.business)
    answer = shop.get("disbursement")
    assert answer.status_code == 422
    assert "too long" in answer.json()["errors"][0]["message"]


def test_what_breaks_answers_as_the_api_does_and_tells_nothing(shop, monkeypatch, caplog):
    monkeypatch.setattr(disbursements, "_filtered", lambda scope, asked: 1 / 0)
    answer = shop.get("disbursement")
    assert answer.status_code == 500
    assert answer.json() == {
        "name": "Internal Server Error",
        "message": "Something went wrong. Try again.",
        "status": 500,
    }
    assert "ZeroDivisionError" in caplog.text


def test_a_page_of_the_list_is_few_statements(admin, shop, django_assert_max_num_queries):
    for _ in range(30):
        made(admin.business)
    with django_assert_max_num_queries(11):
        shop.get("disbursement")


def test_a_key_without_the_right_is_refused_in_words(shop, monkeypatch):
    monkeypatch.setattr(ApiKey, "permissions", frozenset())
    for path in ("general/balance", "disbursement"):
        answer = shop.get(path)
        assert answer.json() == {"name": "Forbidden", "message": "This key may not do this.", "status": 403}
