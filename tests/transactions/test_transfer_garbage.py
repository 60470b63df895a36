"""Bad input in an address: the page says what is wrong, shows nothing, and never breaks."""

import re
import time
from urllib.parse import quote

import pytest
from django.urls import reverse

from flipdash.actors import Actor
from flipdash.histories.paging import Cursor
from tests.factories import history, make_transfer

pytestmark = pytest.mark.django_db
SECRET = "Only Visible Without Mistakes"


@pytest.fixture
def transfer(kopi_kita):
    return make_transfer(kopi_kita, beneficiary_name=SECRET)


GARBAGE = [
    "date_from=yesterday",
    "date_from=2026-02-30",
    "date_from=31/12/2026",
    "date_to=0000-00-00",
    "date_to=99999-01-01",
    "date_from=1000-01-01",
    "date_from=2026-11-30&date_to=2026-11-01",
    "date_basis=paid",
    "status=gone",
    "status=successful&status=%00",
    "destination=moon",
    "bank=bank+antah",
    "via=fax",
    "batch=1",
    "batch=abc",
    "batch=-1",
    "batch=99999999999999999999",
    "batch=%D9%A1",
    "q=" + "x" * 10_000,
    "q=a+b+c+d+e+f+g+hhh+iii",
    "q=%00",
    "q=si%00ti",
    "q=%1b[31m",
    "q=-",
    "q=_",
    "q=siti&q=budi",
    "in=everything",
    "before=x",
    "after=x",
    "before=1.2:sig",
    "before=" + "9" * 500,
    "before=%00",
    "before=x&after=y",
    "page=2",
    "business=2",
    "mode=test",
    "statuss=failed",
    "order=amount",
]


@pytest.mark.parametrize("query", GARBAGE, ids=lambda query: query[:40])
def test_garbage_shows_nothing_says_why_and_never_breaks(web, transfer, query):
    web.get("/money-transfers/?q=warm-up")  # templates are read once
    begun = time.monotonic()
    answer = web.get(f"/money-transfers/?{query}")
    assert time.monotonic() - begun < 1
    content = answer.content.decode()
    assert answer.status_code == 200
    assert SECRET not in content
    assert 'role="alert"' in content
    assert "Nothing is shown" in content


@pytest.mark.parametrize(
    "query", ["q=%25%25%25", "q=___", "q=" + "%25" * 60, "q=%5C%5C%5C", "q=...", "q=%27%27%27", "q=%25", "q=%C2%B2"]
)
def test_words_made_of_wildcards_find_only_themselves(web, transfer, query):
    content = web.get(f"/money-transfers/?{query}").content.decode()
    assert SECRET not in content
    assert "Nothing was found" in content


@pytest.mark.parametrize(
    "query", ["q=", "q=&status=&bank=&date_from=&date_to=&date_basis=", "date_basis=created", "q=%20%20"]
)
def test_what_is_left_empty_means_nothing(web, transfer, query):
    assert SECRET in web.get(f"/money-transfers/?{query}").content.decode()


def test_the_error_stands_beside_its_field_and_what_was_typed_stays(web, transfer):
    content = web.get("/money-transfers/?q=--&date_to=31%2F12%2F2026").content.decode()
    assert 'id="id_q_error"' in content
    assert 'value="--"' in content
    assert 'id="id_date_to_error"' in content
    assert 'value="31/12/2026"' in content
    # The panel doesn't lie over the list of what is wrong; a link in the list opens it.
    assert re.search(r'<details class="popover"\s+data-filter\s+data-menu\s*>', content)
    assert 'href="#id_date_to"' in content


def cursor_of(scope, transfer, name="money-transfers"):
    return Cursor(transfer.created_at, transfer.pk).sign(name, scope)


def test_a_cursor_counts_only_for_its_history_business_and_mode(admin, stranger, web, kopi_kita, transfer):
    older = make_transfer(kopi_kita, created_at=transfer.created_at.replace(year=2025), beneficiary_name="Older One")
    good = cursor_of(admin.scope("live"), transfer)
    assert [row["id"] for row in web.get(f"/money-transfers/?before={quote(good)}").context["results"].rows] == [
        older.pk
    ]
    for foreign in (
        cursor_of(admin.scope("live"), transfer, "activity"),
        cursor_of(admin.scope("test"), transfer),
        cursor_of(stranger.scope("live"), transfer),
        good[:-1] + ("a" if good[-1] != "a" else "b"),
    ):
        content = web.get(f"/money-transfers/?before={quote(foreign)}").content.decode()
        assert "Older One" not in content
        assert "doesn&#x27;t belong to this history" in content or "doesn’t belong to this history" in content


@pytest.mark.parametrize(
    "pk", ["0", "9223372036854775807", "9223372036854775808", "9" * 19, "1" * 30, "-1", "x", "1.5"]
)
def test_an_address_that_is_no_transfer_is_not_found(web, transfer, pk):
    assert web.get(f"/money-transfers/{pk}/").status_code == 404


def test_what_people_typed_is_text_on_every_page(web, kopi_kita):
    payload = '"><script>alert(1)</script>{{7*7}}'
    transfer = make_transfer(
        kopi_kita, beneficiary_name=payload, remark=payload, maker=Actor.named(payload), internal_reference=payload
    )
    for url in (
        "/money-transfers/",
        f"/money-transfers/?q={quote(payload)}",
        reverse("transactions:transfer-detail", args=[transfer.pk]),
    ):
        content = web.get(url).content.decode()
        assert "<script>alert" not in content
        assert "&lt;script&gt;alert(1)" in content
        assert "{{7*7}}" in content or "{{7*7}}" in content.replace("&#x27;", "'")


def test_a_wrong_query_makes_no_report_rows_either(scope):
    assert history(scope, "status=gone").count() == 0
