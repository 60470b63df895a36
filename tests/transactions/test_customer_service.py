"""The 7-day rule of Customer Service at its edges (trust: R2): list, page, search, detail, receipt, report."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.permissions import Role
from accounts.rights import NotAllowed
from documents.reports import services
from flipdash.scope import Scope
from tests import factories
from tests.factories import found, history, make_batch, make_transfer

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture(params=[("Asia/Jakarta", 7), ("Asia/Jayapura", 9)], ids=["WIB", "WIT"])
def edge(request, kopi_kita, monkeypatch) -> datetime:
    """00:00 in the business's zone six days before today; it is 23:30 there, and another day in UTC."""
    zone, hours = request.param
    kopi_kita.time_zone = zone
    kopi_kita.save()
    now = datetime(2026, 11, 20, 23, 30, tzinfo=UTC) - timedelta(hours=hours)
    monkeypatch.setattr(Scope, "now", lambda scope: now)
    return datetime(2026, 11, 14, tzinfo=UTC) - timedelta(hours=hours)


@pytest.fixture
def service(customer_service, edge):
    customer_service.business.refresh_from_db()
    return customer_service.scope("live")


@pytest.fixture
def inside(kopi_kita, edge):
    return make_transfer(kopi_kita, created_at=edge, beneficiary_name="Siti Inside", status="failed")


@pytest.fixture
def outside(kopi_kita, edge):
    return make_transfer(
        kopi_kita, created_at=edge - SECOND, beneficiary_name="Siti Outside", account_number="777123", amount=42
    )


def test_the_list_begins_at_midnight_six_days_ago(service, inside, outside):
    assert found(service) == [inside.pk]
    assert history(service).results().count == 1


def test_the_page_always_says_since_when_it_shows(client_of, customer_service, service, inside, outside):
    web = client_of(customer_service)
    words = "You see the last 7 days, since 14 Nov 2026. Search with 3 or more characters to reach older ones."
    assert words in web.get("/money-transfers/").content.decode()
    assert words in web.get("/money-transfers/?date_to=2026-10-31").content.decode()
    assert words not in web.get("/money-transfers/?q=siti").content.decode()


def test_who_sees_everything_is_told_nothing(web, inside):
    assert "You see the last 7 days" not in web.get("/money-transfers/").content.decode()


@pytest.mark.parametrize(
    "query", ["status=successful", "date_from=2026-11-01", "date_to=2026-11-13", "bank=bca", "q=&via=dashboard"]
)
def test_filters_never_reach_older_ones(service, inside, outside, query):
    assert outside.pk not in found(service, query)
    assert outside.pk not in history(service, query).rows().values_list("pk", flat=True)


def test_a_search_word_of_three_characters_reaches_older_ones(service, inside, outside):
    assert found(service, "q=siti") == [inside.pk, outside.pk]
    assert found(service, "q=777123") == [outside.pk]
    assert found(service, f"q={outside.pk}") == [outside.pk]
    assert found(service, "q=sit&status=successful") == [outside.pk]


@pytest.mark.parametrize("word", ["successful", "bca", "bca successful", "2026", "14 nov 2026", "13 nov bca"])
def test_words_that_name_a_sort_of_rows_or_days_do_not_as_filters_do_not(service, inside, outside, word):
    assert outside.pk not in found(service, f"q={word}")
    assert outside.pk not in history(service, f"q={word}").rows().values_list("pk", flat=True)


@pytest.mark.parametrize("word", ["successful", "bca", "13 nov"])
def test_such_words_reach_older_ones_where_they_stand_in_the_text(service, kopi_kita, edge, word):
    old = make_transfer(kopi_kita, created_at=edge - timedelta(days=90), remark=f"Untuk {word}", bank="bri")
    assert found(service, f"q={word}") == [old.pk]
    assert found(service, f"q=siti {word}") == [old.pk]
    assert history(service, f"q={word}").count() == 1


def test_a_word_beside_them_reaches_older_ones(service, inside, outside):
    assert found(service, "q=outside successful") == [outside.pk]
    assert found(service, "q=777123 bca") == [outside.pk]


def test_shorter_words_do_not(service, inside, outside):
    assert found(service, "q=42") == []
    assert found(service, "q=si") == []


def test_a_cursor_does_not_reach_older_ones(client_of, customer_service, service, kopi_kita, inside, outside):
    from flipdash.histories.paging import Cursor

    cursor = Cursor(inside.created_at, inside.pk).sign("money-transfers", service)
    assert found(service, f"before={cursor}") == [inside.pk]  # nothing is behind it: the first page again


def test_other_roles_see_everything(people, edge, inside, outside):
    for role in set(Role) - {Role.CUSTOMER_SERVICE}:
        assert found(people[role].scope("live")) == [inside.pk, outside.pk], role


def test_opening_a_transactions_own_address_counts_as_a_search(client_of, customer_service, outside):
    web = client_of(customer_service)
    assert web.get(f"/money-transfers/{outside.pk}/").status_code == 200
    assert web.get(f"/documents/receipts/money-transfers/{outside.pk}/").status_code == 200


def test_the_page_and_its_boosted_part_hold_to_the_rule(client_of, customer_service, inside, outside):
    web = client_of(customer_service)
    for headers in ({}, {"HX-Request": "true", "HX-Boosted": "true"}):
        content = web.get("/money-transfers/", headers=headers).content.decode()
        assert "Siti Inside" in content
        assert "Siti Outside" not in content


def test_customer_service_gets_no_report_even_by_hand(client_of, customer_service, service, inside, outside):
    web = client_of(customer_service)
    assert "Create Report" not in web.get("/money-transfers/").content.decode()
    assert web.post("/documents/reports/", {"history": "money-transfers", "query": "q=siti"}).status_code == 403
    with pytest.raises(NotAllowed):
        services.request_report(service, history="money-transfers", query="")


def test_a_report_row_of_customer_service_holds_to_the_rule_too(service, inside, outside):
    """Were the permission ever granted, the rows would still be the recent ones."""
    assert list(factories.history(service, "").rows().values_list("pk", flat=True)) == [inside.pk]


def test_the_empty_page_says_how_to_reach_older_ones(client_of, customer_service, outside):
    content = client_of(customer_service).get("/money-transfers/").content.decode()
    assert "Nothing in the last 7 days" in content
    assert "Search with 3 or more characters" in content


def test_names_of_older_batches_are_not_offered(service, kopi_kita, edge):
    old, new = make_batch(kopi_kita, "Payroll Old"), make_batch(kopi_kita, "Payroll New")
    type(old).objects.filter(pk=old.pk).update(created_at=edge - SECOND)
    type(new).objects.filter(pk=new.pk).update(created_at=edge)
    panel = str(history(service).address.form)
    assert "Payroll New" in panel
    assert "Payroll Old" not in panel
    assert not history(service, f"batch={old.pk}").is_valid
