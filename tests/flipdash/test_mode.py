"""Live Mode and Test Mode: the path decides, and nothing leaks between them (trust: S7, W3)."""

import pytest
from django.urls import get_script_prefix, reverse

from flipdash.mode import mode_url
from tests.factories import make_transfer

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


def test_the_prefix_without_its_slash_leads_to_test_mode(web):
    assert web.get("/test")["Location"] == "/test/"
