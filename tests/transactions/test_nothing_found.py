"""What an empty page says: why, what each word would find alone, and what can be searched."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.permissions import Role
from flipdash.histories import results
from tests.factories import history, make_member, make_payment, make_transfer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def patient(settings, monkeypatch) -> None:
    """A busy machine takes longer than a page waits."""
    settings.HISTORY_COUNT_TIMEOUT_MS = 5_000
    monkeypatch.setattr(results, "ALONE_SECONDS", 60)


@pytest.fixture
def some(kopi_kita, toko_sebelah):
    """Three transfers to Sri and two of Rp1.850.000, none of which is both, beside others of another business."""
    for _number in range(3):
        make_transfer(kopi_kita, beneficiary_name="Sri", amount=7)
    for _number in range(2):
        make_transfer(kopi_kita, beneficiary_name="Budi", amount=1_850_000, bank="bri")
    make_transfer(toko_sebelah, beneficiary_name="Sri", amount=1_850_000)


def alone(scope, query: str) -> dict[str, int | None]:
    return {one.part.said: one.count for one in history(scope, query).results().alone}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=1850000 sri", {"1850000": 2, "sri": 3}),
        ("q=sri 1.850.000 xyz", {"sri": 3, "1.850.000": 2, "xyz": 0}),
        ("q=budi bca", {"budi": 2, "bca": 3}),
        ("q=sri gagal", {"sri": 3, "gagal": 0}),
        ("q=budi bca&status=successful", {"budi": 2, "bca": 3}),
        ("q=budi bca&status=failed", {"budi": 0, "bca": 0}),
        ("q=budi bca&in=text", {"budi": 2, "bca": 0}),
        ("q=xyz", {}),
        ("q=sri", {}),
        ("status=failed", {}),
    ],
)
def test_each_word_says_what_it_would_find_alone(scope, some, query, expected):
    assert alone(scope, query) == expected


def test_they_are_links_that_find_just_that(web, some):
    content = web.get("/money-transfers/?q=1850000+sri&date_from=2020-01-01").content.decode()
    url = "/money-transfers/?q=1850000&amp;date_from=2020-01-01"
    assert f'href="{url}"' in content
    assert len(web.get(url.replace("&amp;", "&")).context["results"].rows) == 2


def test_what_filters_hide_is_said_first(scope, some):
    shown = history(scope, "q=sri bca&status=failed").results()
    assert (shown.hidden, shown.alone) == (3, [])


def test_counting_ends_in_time(scope, some, monkeypatch):
    """Each count has 50 ms, all together have 0.3 s: what is left is offered without a count."""
    monkeypatch.setattr(results, "ALONE_SECONDS", 0)
    with CaptureQueriesContext(connection) as queries:
        assert alone(scope, "q=1850000 sri") == {"1850000": None, "sri": None}
    assert not any(query["sql"].startswith("SELECT COUNT(*)") for query in queries)


def test_the_longest_search_asks_a_bounded_number_of_queries(scope, some):
    with CaptureQueriesContext(connection) as queries:
        history(scope, "q=sri 1850000 budi bca kemarin 300000 gagal xyz").results()
    assert len(queries) < 90


@pytest.mark.parametrize(
    ("query", "says", "never"),
    [
        ("q=xyz", "Nothing matches “xyz”.", "filters"),
        ("q=xyz sri", "Nothing has all of these words.", "filters"),
        ("q=xyz&status=failed", "Nothing matches “xyz” and these filters.", "this search"),
        ("status=failed", "Nothing matches these filters.", "Search finds"),
        (
            "q=xyz",
            "Search finds by Transaction ID, Account Number, Amount, External ID, Status, Failure Reason, Bank,",
            "",
        ),
        ("q=xyz 31 feb", "There is no day “31 feb”.", ""),
        ("q=xyz <b>31/2/2026</b>", "Nothing has all of these words.", "<b>"),
        ("q=kemarin 31/2/2026", "There is no day “31/2/2026”.", ""),
        ("q=settled", "“settled” means something in", ""),
        ("q=-", "Nothing is shown, because this can’t be searched for.", "this address"),
        ("q=-&status=gone", "Nothing is shown, because this address can’t be read as it stands.", ""),
        (" ".join(["q=word"] + ["word"] * 199), "Please search with at most", "this address"),
    ],
)
def test_an_empty_page_says_why(web, some, query, says, never):
    content = web.get(f"/money-transfers/?{quote(query, safe='=&/')}").content.decode()
    empty = content[content.index('id="results"') :]
    assert says in empty
    assert not never or never not in empty


def test_a_history_without_texts_says_what_it_does_not_know(web, some):
    content = web.get("/deposit/history/?q=held+sri").content.decode()
    assert "“sri” is nothing that is searched here." in content
    assert "Search finds by Transaction ID, Posting, Amount, Entry or Date." in content


def test_a_status_of_another_history_leads_there(web, client_of, kopi_kita, some):
    paid = make_payment(kopi_kita, settlement_status="settled")
    content = web.get("/money-transfers/?q=settled").content.decode()
    assert '“settled” means something in <a href="/payments/?q=settled">Accept Payment · Payment History</a>' in content
    assert [row["id"] for row in web.get("/payments/?q=settled").context["results"].rows] == [paid.pk]


def test_nobody_counts_what_they_may_not_see(kopi_kita, some):
    """Customer Service reaches older rows by words of three characters, alone as together."""
    old = timezone.now() - timedelta(days=30)
    for name in ("Zulaikha", "Yolanda"):
        make_transfer(kopi_kita, beneficiary_name=name, bank="permata", status="failed", remark="ab", created_at=old)
    service = make_member(kopi_kita, Role.CUSTOMER_SERVICE).scope("live")
    assert alone(service, "q=zulaikha sri") == {"zulaikha": 1, "sri": 3}
    assert alone(service, "q=sri permata") == {"sri": 3, "permata": 0}
    assert alone(service, "q=sri gagal") == {"sri": 3, "gagal": 0}


def test_a_name_that_is_written_from_right_to_left_is_found_beside_other_words(web, scope, kopi_kita):
    paid = make_transfer(kopi_kita, beneficiary_name="محمد علي", amount=1_850_000)
    assert [row["id"] for row in history(scope, "q=محمد 1850000").results().rows] == [paid.pk]
    content = web.get("/money-transfers/?q=محمد+sri").content.decode()
    assert '<bdi class="chip__value">محمد</bdi>' in content
