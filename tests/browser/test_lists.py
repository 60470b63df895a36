"""Columns and saved views in a real browser: the keyboard, and without scripts."""

import re

import pytest
from playwright.sync_api import Page, expect

from flipdash.actors import Actor
from lists import services
from tests.factories import make_transfer, make_view

HISTORY = "/money-transfers/"


@pytest.fixture
def views(admin) -> None:
    make_transfer(admin.business, status="failed", approver=Actor.named("Bayu Prakoso"))
    make_view(admin, "A view with a name as long as the name of a view may be")
    services.make_default(admin.scope("live"), make_view(admin, "Failed ones"))


def heads(page: Page) -> list[str]:
    return page.locator("thead th").all_inner_texts()


def sign_in_anywhere(page: Page, sign_in, member) -> None:
    """Sign in as somebody whose history opens elsewhere than at its bare address."""
    services.clear_default(member.scope("live"), "money-transfers")
    sign_in(page, member)
    services.make_default(member.scope("live"), services.SavedView.objects.get(name="Failed ones"))


def test_columns_are_moved_by_keyboard(page, sign_in, admin):
    make_transfer(admin.business, approver=Actor.named("Bayu Prakoso"))
    sign_in(page, admin)
    page.locator("summary", has_text="Columns").focus()
    page.keyboard.press("Enter")
    up = page.get_by_role("button", name="Move Amount up")
    up.focus()
    for _step in range(5):
        page.keyboard.press("Enter")
    expect(up).to_be_focused()
    expect(page.locator("#announce")).to_have_text("Amount: place 1 of 24")
    page.get_by_role("checkbox", name="Approved By").press("Space")
    page.get_by_role("checkbox", name="Remark").press("Space")
    page.get_by_role("button", name="Save columns").press("Enter")
    expect(page.locator("thead th").first).to_have_text("Amount")
    assert "Approved By" in heads(page)
    assert "Remark" not in heads(page)
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator("td[data-card='extra']", has_text="Bayu Prakoso")).to_be_visible()


def test_columns_and_views_without_scripts(open_context, sign_in, admin):
    page = open_context(viewport={"width": 1440, "height": 900}, java_script_enabled=False).new_page()
    make_transfer(admin.business, status="failed")
    make_transfer(admin.business)
    sign_in(page, admin)
    page.locator("summary", has_text="Columns").click()
    page.get_by_label("Place of Fee").fill("1")
    page.get_by_label("Place of Transaction ID").fill("2")
    page.get_by_role("button", name="Save columns").click()
    assert heads(page)[:2] == ["Fee", "Transaction ID"]
    page.locator("summary", has_text="Columns").click()
    page.get_by_role("button", name="Reset").click()
    assert heads(page)[0] == "Transaction ID"

    page.goto(f"{HISTORY}?status=failed")
    page.locator("summary", has_text="Views").click()
    page.get_by_role("link", name="Save this view…").click()
    page.get_by_label("Name").fill("Failed ones")
    page.get_by_label("Maker", exact=True).check()
    page.get_by_label("Open this history with it from now on").check()
    page.get_by_role("button", name="Save view").click()
    expect(page).to_have_url(re.compile(r"\?status=failed$"))

    page.goto(HISTORY)
    expect(page).to_have_url(re.compile(r"\?status=failed$"))
    expect(page.locator(".current-view")).to_contain_text("Failed ones")
    page.locator(".current-view").get_by_role("link", name="All transactions").click()
    expect(page.locator("tbody tr")).to_have_count(2)

    page.locator("summary", has_text="Views").click()
    page.get_by_role("link", name="Manage views").click()
    page.get_by_role("link", name="Delete Failed ones").click()
    page.get_by_role("button", name="Delete view").click()
    expect(page.get_by_role("heading", name="No views yet")).to_be_visible()


def test_chips_of_a_default_view_lead_to_everything(page, sign_in, admin, views):
    """Links inside a history are boosted: removing the last chip must not open the default view again."""
    make_transfer(admin.business)
    sign_in_anywhere(page, sign_in, admin)
    page.goto(HISTORY)
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Remove filter Status").click()
    expect(page.locator("tbody tr")).to_have_count(2)
