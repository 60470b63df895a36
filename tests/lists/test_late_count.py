"""A page never waits for its count: the browser asks for it once the page is there."""

import html
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.permissions import Role
from flipdash import db
from flipdash.histories import finding, results
from tests.factories import make_business, make_member, make_transfer

pytestmark = pytest.mark.django_db
PAGE = "/money-transfers/"


@pytest.fixture
def many(kopi_kita) -> None:
    for number in range(60):
        make_transfer(kopi_kita, beneficiary_name="Siti", status="successful" if number % 3 else "failed")
    make_transfer(make_business("Other"), beneficiary_name="Siti")


@pytest.fixture
def hurried(monkeypatch):
    """Whatever is counted beside a page takes too long."""

    def stop(self, rows, milliseconds=None):
        return None if milliseconds is None else counts(self, rows, milliseconds)

    def run_out(self, page, limit):
        raise db.TooSlow

    counts = results.Listing._capped_count
    monkeypatch.setattr(results.Listing, "_capped_count", stop)
    monkeypatch.setattr(results.Listing, "_count_beside", run_out)


def told(late: str) -> str:
    return re.findall(r'id="late-count">([^<]*)<', late)[0]


def late_url(page) -> str:
    found = re.search(r'class="pager__count"\s+role="status"\s+hx-get="([^"]+)"', page.content.decode())
    return html.unescape(found[1]) if found else ""


def test_a_page_that_is_counted_in_time_asks_for_nothing(web, many):
    page = web.get(PAGE)
    assert page.context["results"].count_words == "60 transactions"
    assert late_url(page) == ""


@pytest.mark.parametrize(
    ("query", "words"),
    [("", "60 transactions"), ("?q=siti", "60 transactions"), ("?status=successful&status=failed", "60 transactions")],
)
def test_a_count_that_takes_long_comes_later(web, many, hurried, query, words):
    page = web.get(f"{PAGE}{query}")
    assert page.context["results"].count_words == "Many transactions"
    late = web.get(late_url(page)).content.decode()
    assert told(late) == words
    assert f'id="report-count" hx-swap-oob="true">{words}<' in late


def test_common_words_in_many_rows_are_not_even_tried(web, many, monkeypatch):
    """Counting them would read more rows than the page has time for; other pages are counted as ever."""
    monkeypatch.setattr(finding, "_estimated", lambda rows: finding.COUNTED_AT_ONCE + 1)
    page = web.get(f"{PAGE}?q=siti")
    assert page.context["results"].count_words == "Many transactions"
    assert "60 transactions" in web.get(late_url(page)).content.decode()
    assert web.get(PAGE).context["results"].count_words == "60 transactions"
    assert web.get(f"{PAGE}?q=0012345678").context["results"].count_words == "60 transactions"


def test_a_later_page_is_counted_as_a_whole(web, many, hurried):
    older = web.get(PAGE).context["results"].older_url
    assert told(web.get(late_url(web.get(older))).content.decode()) == "60 transactions"


def test_what_takes_longer_still_is_many(web, many, hurried, monkeypatch):
    url = late_url(web.get(PAGE))

    def slow(source, plans):
        raise db.TooSlow

    monkeypatch.setattr(results, "choose", slow)
    assert told(web.get(url).content.decode()) == "Many transactions"


def test_an_empty_page_still_tells_that_filters_hide_many(web, many, hurried):
    content = web.get(f"{PAGE}?q=siti&status=cancelled").content.decode()
    assert "10,000+ transactions match “siti”, but your filters hide them" in content


def test_nobody_counts_what_they_may_not_see(client_of, kopi_kita, many):
    maker = client_of(make_member(kopi_kita, Role.MAKER, name="Dimas Maker"))
    assert maker.get("/views/count/?history=activity").status_code == 404
    assert maker.get("/views/count/?history=nothing").status_code == 404
    support = client_of(make_member(kopi_kita, Role.CUSTOMER_SERVICE, name="Citra"))
    late = support.get("/views/count/?history=money-transfers").content.decode()
    assert "60 transactions" in late
    assert "report-count" not in late


@pytest.mark.parametrize("query", ["status%3Dgone", "before%3Dx", "q%3D%00"])
def test_an_address_that_makes_no_sense_counts_nothing(web, many, query):
    assert web.get(f"/views/count/?history=money-transfers&query={query}").status_code == 404


@pytest.mark.parametrize(("query", "rows"), [("", []), ("?via=dashboard", ["'2000'"])])
def test_a_page_gives_its_count_50_ms(web, many, settings, query, rows):
    """The rows of a search or a filter have 2 seconds; the first rows of everything are there at once."""
    settings.HISTORY_COUNT_TIMEOUT_MS = 50
    with CaptureQueriesContext(connection) as queries:
        web.get(PAGE + query)
    made = [query["sql"] for query in queries]
    (counting,) = (number for number, sql in enumerate(made) if sql.startswith("SELECT COUNT(*)"))
    limits = [sql for sql in made[:counting] if "statement_timeout" in sql]
    assert [re.findall(r"'\d+'", limit) for limit in limits] == [*([limit] for limit in rows), ["'50'"]]


def test_a_late_count_goes_the_way_of_its_page(web, many):
    """What is rare is counted by the index of all that match, and not by looking through the business."""
    with CaptureQueriesContext(connection) as queries:
        web.get("/views/count/?history=money-transfers&query=via%3Dapi")
    (counted,) = (query["sql"] for query in queries if query["sql"].startswith("SELECT COUNT(*)"))
    assert "search_keys" in counted


@pytest.mark.parametrize("direction", ["in", "out"])
def test_words_find_nothing_where_nothing_is_found_by_words(web, many, direction):
    """Deposit History has no text; its filters stand on columns that only its own rows have."""
    assert "Nothing was found" in web.get(f"/deposit/history/?q=siti&direction={direction}").content.decode()
    late = web.get(f"/views/count/?history=deposit&query=q%3Dsiti%26direction%3D{direction}")
    assert told(late.content.decode()).startswith("0 ")
