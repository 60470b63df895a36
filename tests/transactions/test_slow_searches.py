"""Words built to be slow are answered in time, and cost nobody else anything."""

from urllib.parse import quote

import pytest
from django.db import connection
from django.db.models import BooleanField, Func, Q

from flipdash.histories import query, results
from tests.factories import make_transfer

SLOW = {
    "percent signs": "%%%",
    "underscores": "___",
    "a backslash": "\\\\\\",
    "three common letters": "adi",
    "200 words": " ".join(["budi"] * 200),
    "10 kB": "budi" * 2_500,
    "digits that are part of everything": "000",
    "many short numbers": " ".join("1" * 34),
    "eight words of two kinds": "bca bri gagal failed mandiri 2026 10000 kemarin",
    "eight common parts": "san udi wij ant tos kus put lest",
}


@pytest.mark.django_db
@pytest.mark.parametrize("taken", ["", "&in=text"])
@pytest.mark.parametrize("term", SLOW.values(), ids=SLOW)
def test_a_term_built_to_be_slow_shows_what_it_finds_or_says_why_not(web, kopi_kita, term, taken):
    make_transfer(kopi_kita, beneficiary_name="Siti", remark="Kopi", account_number="1")
    answer = web.get(f"/money-transfers/?q={quote(term)}{taken}")
    content = answer.content.decode()
    assert answer.status_code == 200
    assert ("Nothing was found" in content) != ("Please search with at most" in content)


@pytest.mark.django_db
@pytest.mark.parametrize("sign", ["%", "_", "\\"])
def test_signs_with_a_meaning_for_the_database_mean_themselves(web, kopi_kita, sign):
    make_transfer(kopi_kita, remark="nothing of it")
    marked = make_transfer(kopi_kita, remark=f"ab{sign}cd")
    found = web.get(f"/money-transfers/?q={quote(f'b{sign}c')}").context["results"]
    assert [row["id"] for row in found.rows] == [marked.pk]


@pytest.mark.django_db(transaction=True)
def test_a_search_stopped_by_the_database_leaves_the_next_page_as_it_was(
    client_of, admin, stranger, settings, monkeypatch
):
    """The database itself stops it; the limit is gone with it, on the very same connection."""
    for business in (admin.business, stranger.business):
        make_transfer(business, beneficiary_name="Siti")
    settings.HISTORY_TIMEOUT_MS = 50
    monkeypatch.setattr(query.Query, "said", property(lambda self: _slow_condition()))
    slow = client_of(admin).get("/money-transfers/?q=siti&in=text")
    assert "This search would take too long" in slow.content.decode()
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)
    monkeypatch.undo()
    assert "Siti" in client_of(stranger).get("/money-transfers/?q=siti").content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_count_stopped_by_the_database_costs_the_page_nothing(client_of, admin, settings, monkeypatch):
    """The rows are there, the browser asks for the count, and the connection goes on without a limit."""
    for _number in range(60):
        make_transfer(admin.business, beneficiary_name="Siti")
    settings.HISTORY_COUNT_TIMEOUT_MS = 50
    monkeypatch.setattr(results, "_counted", lambda rows: rows.filter(_slow_condition()).count())
    page = client_of(admin).get("/money-transfers/")
    assert len(page.context["results"].rows) == 50
    assert "Many transactions" in page.content.decode()
    assert "/views/count/?history=money-transfers" in page.content.decode()
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)


def _slow_condition() -> Q:
    return Q(Func(template="pg_sleep(1) IS NOT NULL", output_field=BooleanField()))
