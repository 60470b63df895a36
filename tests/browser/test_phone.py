"""A history on a phone: one row of tools, the first card high up, targets for a thumb."""

import pytest
from playwright.sync_api import expect

from tests import factories

PHONE = {"width": 390, "height": 844}
TALL = "(it) => it.getBoundingClientRect().height"
TARGETS = """() => [...document.querySelectorAll('.header, .toolbar, .pager')].flatMap((part) =>
    [...part.querySelectorAll('a[href], button, summary, input:not([type=hidden])')]
        .filter((it) => it.checkVisibility({ visibilityProperty: true }) && !it.matches('.visually-hidden'))
        .filter((it) => it.getBoundingClientRect().height < 42)
        .map((it) => it.outerHTML.slice(0, 90)))"""


@pytest.fixture
def many(kopi_kita):
    factories.make_transfer(kopi_kita, beneficiary_name="Tanpa Berita", remark="")
    for _row in range(30):
        factories.make_transfer(kopi_kita, status="failed", remark="Sewa")


@pytest.fixture(params=[True, False], ids=["scripts", "no scripts"])
def phone(request, open_context, sign_in, admin, many):
    page = open_context(viewport=PHONE, has_touch=True, java_script_enabled=request.param).new_page()
    sign_in(page, admin)
    return page


def test_the_tools_take_one_row_and_the_first_card_is_high_up(phone):
    tools = [phone.get_by_role("searchbox", name="Search"), *phone.locator(".toolbar > details > summary").all()]
    tools.append(phone.get_by_role("button", name="More"))
    middles = [box["y"] + box["height"] / 2 for box in (tool.bounding_box() for tool in tools)]
    assert len(tools) == 4
    assert max(middles) - min(middles) < 2
    assert phone.locator("tbody tr").first.bounding_box()["y"] < 240
    expect(phone.get_by_role("button", name="Create Report")).to_be_hidden()


def test_the_last_tool_opens_columns_and_create_report(phone):
    phone.get_by_role("button", name="More").tap()
    expect(phone.locator("summary", has_text="Columns")).to_be_visible()
    phone.get_by_role("button", name="Create Report").tap()
    expect(phone.get_by_role("heading", name="Create Report")).to_be_visible()


def test_the_deposit_is_in_the_header_as_a_target_for_a_thumb(phone):
    deposit = phone.get_by_role("banner").get_by_role("link", name="Deposit")
    expect(deposit).to_contain_text("Rp")
    assert deposit.evaluate(TALL) >= 42
    deposit.tap()
    expect(phone.get_by_role("heading", level=1, name="My Deposit")).to_be_visible()


def test_no_form_is_wider_than_what_a_zoom_of_400_percent_leaves(open_context, sign_in, admin, many):
    page = open_context(viewport={"width": 320, "height": 256}).new_page()
    sign_in(page, admin)
    for address in ("/money-transfers/", "/settings/account/", "/deposit/", "/deposit/top-up/", "/find/?q=siti"):
        page.goto(address)
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), address
    deposit = page.get_by_role("banner").get_by_role("link", name="Deposit")
    assert not deposit.evaluate("(it) => it.scrollWidth > it.clientWidth")


def test_every_tool_is_large_enough_for_a_thumb(phone):
    assert phone.evaluate(TARGETS) == []


def test_a_card_leaves_out_what_is_empty_and_says_what_a_second_figure_is(phone, kopi_kita):
    card = phone.locator("tbody tr", has_text="Tanpa Berita")
    assert "–" not in card.inner_text()
    factories.make_entry(kopi_kita)
    phone.goto("/deposit/history/")
    said = "(cell) => getComputedStyle(cell, '::before').content"
    assert "Balance after" in phone.locator("tbody tr").first.locator(".cell--fee").first.evaluate(said)


def test_a_wrong_filter_is_said_over_a_closed_panel_and_its_link_opens_it(open_context, sign_in, admin, many):
    page = open_context(viewport=PHONE).new_page()
    sign_in(page, admin)
    page.goto("/money-transfers/?date_from=yesterday")
    expect(page.get_by_role("alert").get_by_role("link", name="Clear all")).to_be_in_viewport()
    expect(page.get_by_label("From")).to_be_hidden()
    page.get_by_role("alert").get_by_role("link", name="From").click()
    expect(page.get_by_label("From")).to_be_focused()
    expect(page.get_by_label("From")).to_be_in_viewport()
