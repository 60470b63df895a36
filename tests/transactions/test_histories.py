"""What is asked of all three histories alike: scopes, pages, dates, bad addresses, the 7-day rule, details, reports."""

import re
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from flipdash import histories
from flipdash.histories import finding, results
from flipdash.histories.paging import Cursor
from flipdash.scope import Scope
from lists import services
from tests import factories

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 10, 5, 0, tzinfo=UTC)  # 12:00 WIB
TEXT_FIELD = {"money-transfers": "remark", "international-transfers": "beneficiary_name", "payments": "title"}


@pytest.fixture(params=factories.MAKERS)
def name(request) -> str:
    return request.param


@pytest.fixture
def make(name):
    return factories.MAKERS[name]


@pytest.fixture
def history(name):
    return partial(factories.history, name=name)


@pytest.fixture
def found(name):
    return partial(factories.found, name=name)


@pytest.fixture
def with_text(name):
    """Return fields that put a word where the search finds it."""
    return lambda word: {TEXT_FIELD[name]: word}


@pytest.fixture
def sixty(kopi_kita, scope, name, make, with_text):
    """Sixty rows, many of the same microsecond, newest first; the Admin has them on three pages."""
    services.choose_rows(scope, histories.get(name), 25)
    made = [
        make(kopi_kita, created_at=NOON - timedelta(hours=n // 7), amount=500, **with_text("Biji kopi Gayo"))
        for n in range(60)
    ]
    return [row.pk for row in sorted(made, key=lambda row: (row.created_at, row.pk), reverse=True)]


# --- Search and scopes -----------------------------------------------------------------------------------------------


def test_a_transaction_is_found_by_its_number_here_and_elsewhere(scope, kopi_kita, make, found):
    row = make(kopi_kita, external_id="EXT-58000003")
    make(kopi_kita)
    assert found(scope, f"q={row.pk}") == [row.pk]
    assert found(scope, "q=EXT-58000003") == [row.pk]


@pytest.mark.parametrize("query", ["q=ext-58000003", "q=EXT-58000003&columns=amount", "q=EXT-58000003 2026"])
def test_a_row_shows_the_old_number_that_found_it(web, kopi_kita, make, name, query):
    for number in (58000003, 58000004):
        make(kopi_kita, external_id=f"EXT-{number}")
    content = web.get(f"/{name}/?{query}").content.decode()
    assert '<small class="cell__also">External ID <bdi>EXT-58000003</bdi></small>' in content
    assert "58000004" not in content
    assert "EXT-58000003" not in web.get(f"/{name}/").content.decode()


def test_another_business_and_the_other_mode_are_never_found(
    scope, kopi_kita, toko_sebelah, make, found, history, with_text
):
    same = {"external_id": "EXT-1", **with_text("Zulaikha")}
    rows = [make(toko_sebelah, **same), make(kopi_kita, mode="test", **same)]
    for query in ("", "q=zulaikha", "q=EXT-1", *(f"q={row.pk}" for row in rows)):
        assert found(scope, query) == []
        assert history(scope, query).count() == 0


def test_an_id_is_found_whatever_the_dates_say(scope, kopi_kita, make, history):
    row = make(kopi_kita)
    results = history(scope, f"q={row.pk}&date_to=2020-01-31").results()
    assert [found["id"] for found in results.rows] == [row.pk]
    assert "date filter" in results.note


def test_a_status_filter_keeps_its_status(scope, kopi_kita, make, found):
    made = {status: make(kopi_kita, status=status).pk for status in ("successful", "failed", "cancelled")}
    for status, pk in made.items():
        assert found(scope, f"status={status}") == [pk]
    assert set(found(scope, "status=failed&status=cancelled")) == {made["failed"], made["cancelled"]}


@pytest.mark.parametrize(("zone", "hours"), [("Asia/Jakarta", 7), ("Asia/Makassar", 8), ("Asia/Jayapura", 9)])
def test_a_date_range_is_whole_days_of_the_business_zone(admin, kopi_kita, zone, hours, make, found):
    """trust: V1. The last day is in to its last microsecond, the next day's first one is out."""
    kopi_kita.time_zone = zone
    kopi_kita.save()
    admin.refresh_from_db()
    midnight = datetime(2026, 12, 31, tzinfo=UTC) - timedelta(hours=hours)  # 31 December 00:00 in the zone
    tick = timedelta(microseconds=1)
    moments = [midnight - tick, midnight, midnight + timedelta(days=1) - tick, midnight + timedelta(days=1)]
    made = [make(kopi_kita, created_at=at, status="failed") for at in moments]
    assert found(admin.scope("live"), "date_from=2026-12-31&date_to=2026-12-31") == [made[2].pk, made[1].pk]


@pytest.mark.parametrize(
    "query",
    ["status=gone", "date_from=yesterday", "q=%00", "q=-", "before=x", "page=2", "business=2", "q=siti&q=budi"],
)
def test_garbage_shows_nothing_and_says_why(web, kopi_kita, make, with_text, name, query):
    make(kopi_kita, **with_text("Only Visible Without Mistakes"))
    content = web.get(f"/{name}/?{query}").content.decode()
    assert "Only Visible" not in content
    assert "Nothing is shown" in content


def test_a_page_address_counts_for_its_own_history_only(web, kopi_kita, sixty, name):
    older = web.get(f"/{name}/").context["results"].older_url
    for other in set(factories.MAKERS) - {name}:
        assert "Nothing is shown" in web.get(older.replace(name, other)).content.decode()


# --- Pages -----------------------------------------------------------------------------------------------------------


def walk_older(web, url):
    """Return the rows' ids of all pages, following Older."""
    ids = []
    while url:
        results = web.get(url).context["results"]
        ids.append([row["id"] for row in results.rows])
        url = results.older_url
    return ids


@pytest.mark.parametrize("query", ["", "?q=biji kopi", "?q=gayo&status=successful"])
def test_pages_hold_every_row_once_and_in_order(web, sixty, query, name):
    pages = walk_older(web, f"/{name}/{query}")
    assert [len(ids) for ids in pages] == [25, 25, 10]
    assert sum(pages, []) == sixty


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("money-transfers", "?q=500"),
        ("money-transfers", "?via=dashboard"),
        ("money-transfers", "?q=0012345678"),
        ("international-transfers", "?beneficiary=gayo"),
        ("international-transfers", "?country=SG"),
        ("payments", "?q=500"),
        ("payments", "?q=berhasil"),
        ("payments", "?title=gayo&sender=dewi"),
        ("payments", "?amount=Rp500&channel=va&settlement=pending"),
    ],
)
def test_what_is_special_to_a_history_is_paged_alike(web, sixty, query, name):
    pages = walk_older(web, f"/{name}/{query}")
    assert [len(ids) for ids in pages] == [25, 25, 10]
    assert sum(pages, []) == sixty


@pytest.mark.parametrize("query", ["", "?q=biji kopi"])
def test_newer_leads_back_to_the_first_page(web, sixty, query, name):
    first = web.get(f"/{name}/{query}").context["results"]
    second = web.get(first.older_url).context["results"]
    third = web.get(second.older_url).context["results"]
    assert first.newer_url is None
    assert third.older_url is None
    back = web.get(third.newer_url).context["results"]
    assert [row["id"] for row in back.rows] == sixty[25:50]
    assert [row["id"] for row in web.get(back.newer_url).context["results"].rows] == sixty[:25]


def test_a_page_behind_which_nothing_is_left_is_the_first_one(web, scope, sixty, name, history):
    """Its rows can have left a filter between two clicks."""
    oldest = history(scope).visible_rows().order_by("created_at", "id").first()
    place = Cursor(oldest.created_at, oldest.pk).sign(name, scope)
    results = web.get(f"/{name}/?before={place}").context["results"]
    assert [row["id"] for row in results.rows] == sixty[:25]
    assert results.newer_url is None
    assert results.older_url


def test_a_page_goes_on_from_its_row_while_new_ones_arrive(web, kopi_kita, sixty, make, name):
    first = web.get(f"/{name}/").context["results"]
    make(kopi_kita, created_at=NOON + timedelta(hours=1))
    second = web.get(first.older_url).context["results"]
    assert [row["id"] for row in second.rows] == sixty[25:50]


def test_text_search_goes_beyond_the_newest_rows(web, kopi_kita, monkeypatch, sixty, make, with_text, name):
    """Phase 2 finds what phase 1's window doesn't reach, and pages meet without a gap."""
    monkeypatch.setattr(finding, "NEAREST", 10)
    assert sum(walk_older(web, f"/{name}/?q=gayo"), []) == sixty
    old = make(kopi_kita, created_at=NOON - timedelta(days=300), **with_text("Zulaikha"))
    assert walk_older(web, f"/{name}/?q=zulaikha") == [[old.pk]]


def test_count_is_exact_up_to_the_cap_and_then_says_more(scope, sixty, monkeypatch, history):
    assert history(scope).results().count_words == "60 transactions"
    monkeypatch.setattr(results, "COUNT_CAP", 59)
    assert history(scope).results().count_words == "59+ transactions"


@pytest.mark.parametrize("query", ["", "?q=gayo", "?q=500", "?date_from=2020-01-01&status=successful"])
def test_a_page_asks_a_bounded_number_of_queries(web, kopi_kita, query, make, name):
    """Those that grow with the rows would show between the second round and the third: both fill the page."""
    counts = []
    for _more in range(3):
        for _n in range(26):
            make(kopi_kita, amount=500)
        with CaptureQueriesContext(connection) as queries:
            web.get(f"/{name}/{query}")
        counts.append(len(queries))
    assert counts[2] <= counts[1] <= 21  # two of them: the person's columns, and their views


def test_no_page_uses_offset(web, sixty, name):
    with CaptureQueriesContext(connection) as queries:
        walk_older(web, f"/{name}/?q=gayo")
        walk_older(web, f"/{name}/")
    assert not [q["sql"] for q in queries if "OFFSET" in q["sql"].upper()]


def test_a_search_that_takes_too_long_is_answered_with_advice(web, sixty, settings, monkeypatch, name):
    """The database itself stops the query; the person reads how to narrow the search."""

    def sleep(*args):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(2)")

    settings.HISTORY_TIMEOUT_MS = 50
    monkeypatch.setattr(results, "find", sleep)
    answer = web.get(f"/{name}/?q=gayo")
    assert answer.status_code == 200
    assert "This search would take too long" in answer.content.decode()


# --- Customer Service ------------------------------------------------------------------------------------------------


def test_customer_service_reaches_older_ones_only_by_searching(
    client_of, customer_service, kopi_kita, make, found, monkeypatch, with_text, name
):
    """trust: R2, at the second: 00:00 in the business's zone, six days before today."""
    monkeypatch.setattr(Scope, "now", lambda scope: datetime(2026, 11, 20, 16, 30, tzinfo=UTC))  # 23:30 WIB
    edge = datetime(2026, 11, 13, 17, 0, tzinfo=UTC)
    inside = make(kopi_kita, created_at=edge, **with_text("Edge Case"))
    outside = make(kopi_kita, created_at=edge - timedelta(seconds=1), **with_text("Edge Case"))
    scope = customer_service.scope("live")
    assert found(scope) == [inside.pk]
    assert found(scope, "date_to=2026-11-13") == []
    assert found(scope, "q=edge") == [inside.pk, outside.pk]
    assert found(scope, f"q={outside.pk}") == [outside.pk]
    web = client_of(customer_service)
    assert web.get(f"/{name}/{outside.pk}/").status_code == 200
    assert "Create Report" not in web.get(f"/{name}/").content.decode()


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("international-transfers", "beneficiary=tan"),
        ("international-transfers", "country=SG"),
        ("payments", "title=latte"),
        ("payments", "sender=dewi&settlement=pending"),
        ("payments", "amount=150000"),
        ("payments", "id={pk}"),
    ],
)
def test_filters_never_reach_older_ones(customer_service, admin, kopi_kita, found, make, query):
    old = make(kopi_kita, created_at=datetime(2020, 1, 1, tzinfo=UTC))
    query = query.format(pk=old.pk)
    assert found(admin.scope("live"), query) == [old.pk]
    assert found(customer_service.scope("live"), query) == []


# --- One transaction -------------------------------------------------------------------------------------------------


def test_a_transaction_shows_every_field_and_what_happened(web, scope, kopi_kita, make, name):
    row = make(kopi_kita, events=True, external_id="EXT-77", fee=4_321)
    content = web.get(reverse(histories.get(name).row_url_name, args=[row.pk])).content.decode()
    for text in (str(row.pk), "EXT-77", "Rp4,321", "Successful", "What happened", "Receipt (PDF)"):
        assert text in content
    labels = {str(column.label) for column in histories.get(name).columns if column.shown} - {"Status"}
    assert labels <= {label.strip() for label in re.findall(r"<dt>([^<]+)</dt>", content)}


def test_only_what_succeeded_has_a_receipt(web, kopi_kita, make, name):
    row = make(kopi_kita, status="failed")
    assert "Receipt (PDF)" not in web.get(f"/{name}/{row.pk}/").content.decode()
    assert web.get(f"/documents/receipts/{name}/{row.pk}/").status_code == 404


def test_what_people_typed_is_text_on_every_page(web, kopi_kita, make, name, with_text):
    payload = '"><script>alert(1)</script>{{7*7}}'
    row = make(kopi_kita, **with_text(payload))
    for url in (f"/{name}/", f"/{name}/?q=alert", f"/{name}/{row.pk}/"):
        content = web.get(url).content.decode()
        assert "<script>alert" not in content
        assert "&lt;script&gt;alert(1)" in content


def test_no_declaration_is_long_and_no_machinery_asks_for_a_product(settings):
    """The promise of issue 3: a product is one declaration of about 80 lines, and nothing else knows its name."""
    import inspect

    for name in histories.names():
        assert len(inspect.getsource(histories.get(name)).splitlines()) <= 80, name
    base = settings.BASE_DIR
    places = [
        *(base / "flipdash" / "histories").glob("*.py"),
        *(base / "documents" / "reports" / "writers").glob("*.py"),
        *(base / "documents" / name for name in ("reports/views.py", "reports/services.py", "reports/summary.py")),
        *(base / "documents" / "receipts").glob("*.py"),
        *(base / "lists" / name for name in ("views.py", "services.py", "settings.py", "forms.py")),
        *(page for name in ("histories", "lists", "documents") for page in (base / "templates" / name).glob("*")),
        *(base / "templates" / "histories").rglob("*.html"),
        base / "templates" / "pdf" / "receipt.html",
    ]
    for place in places:
        text = place.read_text().casefold()
        for word in ("transferhistory", "internationalhistory", "paymenthistory", *factories.MAKERS, "moneytransfer"):
            assert word not in text, (place, word)
