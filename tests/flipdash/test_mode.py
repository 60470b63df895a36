"""Live Mode and Test Mode: the path decides, and nothing leaks between them (trust: S7, W3)."""

import pytest
from django.urls import get_script_prefix, reverse

from flipdash.mode import mode_url
from tests.factories import make_payment, make_top_up, make_transfer
from tests.walk import make_rows, survey

pytestmark = pytest.mark.django_db


def test_each_mode_shows_its_own_rows_and_links_to_itself(web, kopi_kita):
    live = make_transfer(kopi_kita, beneficiary_name="Live Person")
    test = make_transfer(kopi_kita, beneficiary_name="Test Person", mode="test")
    in_live, in_test = (web.get(url).content.decode() for url in ("/money-transfers/", "/test/money-transfers/"))
    assert "Live Person" in in_live
    assert "Test Person" not in in_live
    assert f'href="/money-transfers/{live.pk}/"' in in_live
    assert "Test Person" in in_test
    assert "Live Person" not in in_test
    assert f'href="/test/money-transfers/{test.pk}/"' in in_test
    assert "no real money moves" in in_test
    assert "no real money moves" not in in_live


def test_the_prefix_is_put_back_after_a_request_in_test_mode(web):
    web.get("/test/money-transfers/")
    assert get_script_prefix() == "/"
    assert reverse("transactions:transfers") == "/money-transfers/"
    web.get("/test/money-transfers/1/")  # a 404 too
    assert get_script_prefix() == "/"


@pytest.mark.parametrize(
    "path", ["/test/sign-in/", "/test/sign-out/", "/test/health/live", "/test/test/money-transfers/"]
)
def test_what_exists_once_is_not_found_under_the_prefix(web, path):
    assert web.get(path).status_code == 404


def test_signing_out_works_from_test_mode(web):
    content = web.get("/test/money-transfers/").content.decode()
    assert 'action="/sign-out/"' in content
    assert web.post("/sign-out/").status_code == 302
    assert web.get("/test/money-transfers/")["Location"].startswith("/sign-in/?next=/test/money-transfers/")


def test_static_files_are_never_prefixed(web):
    assert "/test/static/" not in web.get("/test/money-transfers/").content.decode()


def test_links_made_outside_a_request_name_their_mode():
    assert mode_url("test", "transactions:transfers") == "/test/money-transfers/"
    assert mode_url("live", "transactions:transfers", absolute=True).endswith("/money-transfers/")
    assert get_script_prefix() == "/"


def test_the_switch_keeps_the_page_where_both_modes_have_it(web, kopi_kita):
    transfer = make_transfer(kopi_kita)
    assert 'href="/test/money-transfers/"' in web.get("/money-transfers/").content.decode()
    detail = web.get(f"/money-transfers/{transfer.pk}/").content.decode()
    assert f"/test/money-transfers/{transfer.pk}/" not in detail


@pytest.mark.parametrize(
    ("page", "other"),
    [
        ("/payments/{payment}/", "/test/payments/"),
        ("/test/deposit/top-ups/{top_up}/", "/deposit/"),
        ("/views/new/?history=payments&query=status%3Dsuccessful", "/test/payments/"),
        ("/test/documents/reports/new/?history=money-transfers&query=", "/money-transfers/"),
        ("/views/columns/?history=deposit", "/test/deposit/history/"),
        ("/views/?history=nothing", "/test/views/"),
    ],
)
def test_the_switch_leads_to_the_nearest_page_that_the_other_mode_has(web, admin, kopi_kita, page, other):
    rows = {"payment": make_payment(kopi_kita).pk, "top_up": make_top_up(admin, mode="test").pk}
    shown = web.get(page.format(**rows))
    switch = shown.context["live_url" if page.startswith("/test/") else "test_url"]
    assert switch == other
    assert f'href="{other}"' in shown.content.decode()


def test_the_switch_of_every_page_leads_to_a_page(files, web, admin):
    def ask(address):
        answer = web.get(address)
        kind = answer.get("Content-Type", "")
        return answer.status_code, kind, answer.content.decode() if "text/html" in kind else ""

    switched = 0
    for address in survey(ask, make_rows(admin)).pages.values():
        page = web.get(address)
        if 'class="mode-switch"' in page.content.decode():
            assert web.get(page.context["test_url"], follow=True).status_code == 200, address
            switched += 1
    assert switched > 30


def test_the_prefix_without_its_slash_leads_to_test_mode(web):
    assert web.get("/test")["Location"] == "/test/"
