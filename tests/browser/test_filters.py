"""Filters keep what was chosen, and leave an address that can be shared."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests import factories

TRANSFERS = "/money-transfers/"


@pytest.fixture
def history(kopi_kita, admin, page, sign_in):
    factories.make_transfer(kopi_kita, status="failed", created_at=timezone.now() - timedelta(hours=1))
    sign_in(page, admin)
    page.goto(TRANSFERS)
    return page


def asked(page):
    """Return what the address says, without the days."""
    query = parse_qs(urlsplit(page.url).query, keep_blank_values=True)
    return {name: values for name, values in query.items() if name not in {"date_from", "date_to"}}


@pytest.mark.parametrize("has_scripts", [True, False])
def test_a_preset_keeps_what_was_ticked_and_the_basis(open_context, sign_in, admin, kopi_kita, has_scripts):
    factories.make_transfer(kopi_kita, status="failed")
    page = open_context(java_script_enabled=has_scripts).new_page()
    sign_in(page, admin)
    page.goto(TRANSFERS)
    page.locator("summary", has_text="Filter").click()
    page.get_by_role("radio", name="Completed Date").check()
    page.get_by_role("checkbox", name="Failed").check()
    page.get_by_role("button", name="Last month").click()
    expect(page).to_have_url(re.compile("date_from="))
    assert asked(page) == {"date_basis": ["completed"], "status": ["failed"]}
    first = timezone.localdate().replace(day=1) - timedelta(days=1)
    assert f"date_to={first.isoformat()}" in page.url
    page.locator("summary", has_text="Filter").click()
    chosen = page.locator(".filter__presets [aria-current]")
    expect(chosen).to_have_text("Last month")


def test_last_week_is_monday_to_sunday(history):
    history.locator("summary", has_text="Filter").click()
    history.get_by_role("button", name="Last week").click()
    expect(history).to_have_url(re.compile("date_from="))
    monday = timezone.localdate() - timedelta(days=timezone.localdate().weekday() + 7)
    assert f"date_from={monday.isoformat()}&date_to={(monday + timedelta(days=6)).isoformat()}" in history.url


def test_enter_in_a_field_applies_the_form_and_no_preset(history):
    history.locator("summary", has_text="Filter").click()
    history.get_by_role("checkbox", name="Failed").check()
    history.get_by_label("From").press("Enter")
    expect(history).to_have_url(re.compile("status=failed"))
    assert urlsplit(history.url).query == "status=failed"
    history.get_by_role("searchbox", name="Search").fill("kopi")
    history.keyboard.press("Enter")
    expect(history).to_have_url(re.compile("q=kopi"))
    assert asked(history) == {"q": ["kopi"], "status": ["failed"]}
    assert "date_from" not in history.url


@pytest.mark.parametrize(("typed", "bank"), [("BCA", "bca"), ("BRI", "bri"), ("Mandiri", "mandiri"), ("BSI", "bsm")])
def test_typing_a_banks_name_chooses_that_bank(history, typed, bank):
    history.locator("summary", has_text="Filter").click()
    select = history.get_by_label("Single bank")
    select.focus()
    history.keyboard.type(typed)
    expect(select).to_have_value(bank)
