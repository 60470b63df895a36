"""What the rows of a history come to, asked for once the page is there: per state, never across states."""

import html
import re

import pytest
from django.utils.translation import override

from flipdash import db
from flipdash.histories import history, results
from tests.factories import make_business, make_entry, make_international, make_transfer

pytestmark = pytest.mark.django_db


def url_on(page) -> str:
    asked = re.search(r'class="sums__place needs-js"\s+hx-get="([^"]+)"', page.content.decode())
    return html.unescape(asked[1]) if asked else ""


def told(web, address: str) -> dict[str, str]:
    answer = web.get(url_on(web.get(address))).content.decode()
    return dict(re.findall(r"<dt>\s*(.*?)\s*</dt>\s*<dd>\s*(.*?)\s*</dd>", answer))


def test_each_state_has_its_count_and_its_sum(web, kopi_kita):
    for amount in (1_000_000, 2_500_000):
        make_transfer(kopi_kita, status="successful", amount=amount)
    make_transfer(kopi_kita, status="failed", amount=42)
    make_transfer(make_business("Other"), status="successful", amount=999)
    make_transfer(kopi_kita, status="successful", amount=777, mode="test")
    assert told(web, "/money-transfers/") == {"Successful": "2 · Rp3,500,000", "Failed": "1 · Rp42"}


def test_it_sums_up_what_is_shown(web, kopi_kita):
    make_transfer(kopi_kita, status="successful", amount=1_000, beneficiary_name="Sri")
    make_transfer(kopi_kita, status="successful", amount=2_000, beneficiary_name="Budi")
    assert told(web, "/money-transfers/?q=sri&status=successful") == {"Successful": "1 · Rp1,000"}


def test_rupiah_add_up_whatever_currency_they_became(web, kopi_kita):
    make_international(kopi_kita, status="successful", amount=1_000, currency="SGD", amount_received="1.00")
    make_international(kopi_kita, status="successful", amount=2_000, currency="USD", amount_received="1.00")
    assert told(web, "/international-transfers/") == {"Successful": "2 · Rp3,000"}


def test_the_deposit_says_how_it_closes(web, kopi_kita):
    for amount in (85_000, 15_000):
        make_entry(kopi_kita, amount=amount)
    sums = told(web, "/deposit/history/")
    assert sums["Credits"] == "Rp100,000"
    assert next(iter(sums)) == "Opening balance"
    assert list(sums)[-1] == "Closing balance"


def test_of_more_than_is_counted_nothing_is_said(web, kopi_kita, monkeypatch):
    make_transfer(kopi_kita)
    make_transfer(kopi_kita)
    monkeypatch.setattr(results, "COUNT_CAP", 1)
    assert told(web, "/money-transfers/") == {}


def test_what_takes_too_long_says_nothing(web, kopi_kita, monkeypatch):
    make_transfer(kopi_kita)

    def run_out(*_asked):
        raise db.TooSlow

    monkeypatch.setattr(history.History, "sums_by_state", run_out)
    assert told(web, "/money-transfers/") == {}


def test_an_empty_page_asks_for_no_sums(web, kopi_kita):
    assert url_on(web.get("/money-transfers/")) == ""


def test_a_wrong_address_has_no_sums(web, kopi_kita):
    assert web.get("/views/sums/?history=money-transfers&query=status%3Dnothing").status_code == 404
    assert web.get("/views/sums/?history=nothing").status_code == 404


def test_it_speaks_the_persons_language(web, admin, kopi_kita):
    make_transfer(kopi_kita, status="successful", amount=1_240_500)
    admin.user.language = "id"
    admin.user.save()
    with override("id"):
        assert told(web, "/money-transfers/") == {"Berhasil": "1 · Rp1.240.500"}
