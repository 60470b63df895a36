"""Rows per page: 25, 50 or 100, remembered per person and history; 50 at first."""

import html
import re

import pytest
from django.db import IntegrityError

from accounts.permissions import Role
from lists.models import KeptLayout
from tests.factories import make_member, make_transfer

pytestmark = pytest.mark.django_db
PAGE, SAVE = "/money-transfers/", "/views/rows/"


@pytest.fixture(autouse=True)
def many(kopi_kita):
    for _row in range(103):
        make_transfer(kopi_kita)


def length(browser, url=PAGE) -> int:
    return len(browser.get(url).context["results"].rows)


def choose(browser, rows, url=SAVE, **fields):
    return browser.post(url, {"history": "money-transfers", "rows": rows, **fields})


@pytest.mark.parametrize("rows", [25, 50, 100])
def test_a_page_is_as_long_as_was_chosen_and_the_next_goes_on(web, rows):
    assert length(web) == 50
    answer = choose(web, rows, query="status=successful")
    assert (answer.status_code, answer["Location"]) == (302, "/money-transfers/?status=successful")
    first = web.get(PAGE).context["results"]
    second = web.get(first.older_url).context["results"]
    assert len(first.rows) == rows
    assert len(second.rows) == min(rows, 103 - rows)
    assert not {row["id"] for row in first.rows} & {row["id"] for row in second.rows}
    back = web.get(second.newer_url).context["results"]
    assert [row["id"] for row in back.rows] == [row["id"] for row in first.rows]


def test_one_goes_on_where_the_page_began(web):
    older = web.get(PAGE).context["results"].older_url
    page = web.get(older)
    query = html.unescape(re.search(r'name="query" value="(before=[^"]*)"', page.content.decode())[1])
    answer = choose(web, 25, query=query)
    assert answer["Location"] == older
    shorter = web.get(older).context["results"].rows
    assert [row["id"] for row in shorter] == [row["id"] for row in page.context["results"].rows][:25]


def test_the_choice_is_this_persons_of_this_history_in_this_mode(web, client_of, kopi_kita, stranger):
    choose(web, 25)
    assert length(client_of(make_member(kopi_kita, Role.ADMIN))) == 50
    assert web.get("/payments/").context["settings"].rows == 50
    assert web.get("/test" + PAGE).context["settings"].rows == 50
    for _row in range(30):
        make_transfer(stranger.business)
    assert length(client_of(stranger)) == 30


def test_columns_and_rows_leave_each_other_alone(web):
    choose(web, 100)
    web.post("/views/columns/", {"history": "money-transfers", "shown": ["fee"], "place_fee": 1})
    choose(web, 25)
    kept = KeptLayout.objects.get()
    assert (kept.columns[0], kept.rows) == ("fee", 25)
    web.post("/views/columns/reset/", {"history": "money-transfers"})
    assert length(web) == 25


@pytest.mark.parametrize("rows", ["", "10", "26", "5000", "x", "-25", "1e2"])
def test_no_other_number_is_taken(web, rows):
    page = web.get(choose(web, rows)["Location"])
    assert "Choose 25, 50 or 100 rows." in html.unescape(page.content.decode())
    assert length(web) == 50
    assert not KeptLayout.objects.exists()


def test_the_database_takes_no_other_number(web, admin):
    choose(web, 25)
    with pytest.raises(IntegrityError, match="keptlayout_rows_offered"):
        KeptLayout.objects.update(rows=26)


def test_there_is_no_choice_where_all_fits_the_shortest_page(web, kopi_kita):
    assert "Rows per page" in web.get(PAGE).content.decode()
    make_transfer(kopi_kita, beneficiary_name="Zulaikha")
    assert "Rows per page" not in web.get(f"{PAGE}?q=zulaikha").content.decode()


@pytest.mark.parametrize("history", ["", "nothing", "money-transfers\x00"])
def test_an_unknown_history_is_not_found(web, history):
    assert choose(web, 25, history=history).status_code == 404


def test_wrong_methods(web):
    assert web.get(SAVE).status_code == 405
