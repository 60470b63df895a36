"""One finds one's place again: coming back from a row, after a swap, and row by row with the keyboard."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests import factories

TRANSFERS = "/money-transfers/"
FOCUSED = "document.activeElement.outerHTML"


@pytest.fixture
def history(kopi_kita, admin, page, sign_in):
    """Sixty failed transfers, on as many pages as it takes."""
    for row in range(60):
        factories.make_transfer(
            kopi_kita,
            status="failed",
            beneficiary_name=f"Kedai Nomor {row}",
            amount=1_000_000 + row,
            created_at=timezone.now() - timedelta(minutes=row),
        )
    page.set_viewport_size({"width": 1366, "height": 768})
    sign_in(page, admin)
    page.goto(f"{TRANSFERS}?status=failed")
    return page


@pytest.mark.parametrize("way", ["back", "breadcrumb"])
def test_who_comes_back_from_a_row_finds_it_marked_where_it_stood(history, way):
    table = history.locator(".table-wrap")
    table.evaluate("(it) => { it.scrollTop = 300 }")
    row = history.locator("tbody tr").nth(12)
    name, before = row.get_attribute("data-href"), table.evaluate("(it) => it.scrollTop")
    row.get_by_text("Kedai Nomor").click()
    history.wait_for_url(f"**{name}**")
    if way == "back":
        history.go_back()
    else:
        history.get_by_role("navigation", name="Breadcrumb").get_by_role("link", name="Transaction History").click()
    expect(history.locator("tr.is-current")).to_have_attribute("data-href", name)
    assert history.url.endswith("?status=failed")
    if way == "back":
        assert abs(table.evaluate("(it) => it.scrollTop") - before) <= 2
    assert name in history.evaluate(FOCUSED)


def test_who_comes_from_elsewhere_starts_at_the_top(history):
    history.locator("tbody tr").nth(12).get_by_text("Kedai Nomor").click()
    expect(history.get_by_role("heading", name="Details")).to_be_visible()
    history.goto("/profile/")
    history.goto(f"{TRANSFERS}?status=failed")
    expect(history.locator("tr.is-current")).to_have_count(0)


def test_after_another_page_the_focus_is_on_the_rows_and_the_count_is_said(history):
    history.get_by_role("link", name="Older").press("Enter")
    expect(history.get_by_role("link", name="Newer")).to_be_visible()
    expect(history.locator(".table-wrap")).to_be_focused()
    expect(history.locator("#announce")).to_have_text("60 transactions")


def test_sums_that_come_in_while_a_page_is_awaited_take_no_focus_from_it(history):
    first = re.compile(r"before=")
    history.route(first, lambda route: (history.wait_for_timeout(300), route.continue_()))
    history.keyboard.press("n")
    history.evaluate("document.body.dispatchEvent(new CustomEvent('htmx:afterSettle', {bubbles: true, detail: {}}))")
    expect(history.get_by_role("link", name="Newer")).to_be_visible()
    expect(history.locator(".table-wrap")).to_be_focused()


def test_after_apply_the_focus_is_on_filter(history):
    summary = history.locator("summary", has_text="Filter")
    summary.press("Enter")
    history.get_by_role("checkbox", name="Successful").check()
    history.get_by_role("button", name="Apply").press("Enter")
    expect(history).to_have_url(re.compile("status=successful"))
    expect(summary).to_be_focused()


def test_after_a_removed_chip_the_focus_is_on_the_next_or_on_the_search(history):
    history.goto(f"{TRANSFERS}?status=failed&via=api")
    history.get_by_role("link", name="Remove filter Status").press("Enter")
    expect(history.get_by_role("link", name="Remove filter Created Via")).to_be_focused()
    history.keyboard.press("Enter")
    expect(history.get_by_role("searchbox", name="Search")).to_be_focused()


def test_all_rows_are_one_stop_of_tab_and_arrows_lead_through_them(history):
    stops = "[...document.querySelectorAll('a[href], button, input, summary, select, [tabindex]')]"
    shown = "(it) => it.tabIndex >= 0 && it.checkVisibility() && !it.disabled"
    before = f"{stops}.filter({shown}).findIndex((it) => it.closest('.pager'))"
    assert 20 < history.evaluate(before) <= 30
    first, second = (history.locator("tbody tr").nth(at).get_by_role("link") for at in range(2))
    first.focus()
    history.keyboard.press("ArrowDown")
    expect(second).to_be_focused()
    expect(second).to_have_attribute("tabindex", "0")
    expect(first).to_have_attribute("tabindex", "-1")
    history.keyboard.press("ArrowUp")
    expect(first).to_be_focused()


def test_keys_turn_the_page_open_the_filter_and_copy_the_number(history):
    rows = history.locator(".table-wrap")
    history.keyboard.press("n")
    expect(history.get_by_role("link", name="Newer")).to_be_visible()
    expect(rows).to_be_focused()  # before that a key would open a whole page: the links aren't htmx's yet
    history.keyboard.press("p")
    expect(history.get_by_role("link", name="Newer")).to_have_count(0)
    expect(rows).to_be_focused()
    history.keyboard.press("j")
    history.keyboard.press("c")
    expect(history.locator("#announce")).to_have_text("Copied")
    expect(history.locator("tr.is-current .cell--id .copy")).to_have_class(re.compile("is-copied"))
    history.keyboard.press("f")
    expect(history.get_by_role("button", name="Apply")).to_be_visible()


def test_a_row_is_named_by_what_it_is_about(history):
    link = history.locator("tbody tr").first.get_by_role("link")
    number = link.inner_text()
    name = link.get_attribute("aria-label")
    assert name.startswith(f"{number}, Rp1,000,000, Kedai Nomor 0, Failed, ")


def test_rows_of_a_result_are_read_one_after_another(history):
    history.locator("tbody tr").nth(1).get_by_text("Kedai Nomor").click()
    expect(history.get_by_text("Kedai Nomor 1", exact=True).first).to_be_visible()
    history.keyboard.press("n")
    expect(history.get_by_text("Kedai Nomor 2", exact=True).first).to_be_visible()
    history.get_by_role("link", name="Newer").click()
    history.get_by_role("link", name="Newer").click()
    expect(history.get_by_text("Kedai Nomor 0", exact=True).first).to_be_visible()
    expect(history.get_by_role("link", name="Newer")).to_have_count(0)
    history.get_by_role("navigation", name="Breadcrumb").get_by_role("link", name="Transaction History").click()
    expect(history).to_have_url(re.compile(r"\?status=failed$"))


def test_without_a_connection_the_page_stays_and_says_so(history):
    rows = history.locator("tbody tr")
    shown = rows.count()
    expect(history.locator(".sums")).to_be_visible()  # nothing is on its way any more
    history.context.set_offline(True)
    history.get_by_role("link", name="Older").click()
    expect(history.get_by_role("alert")).to_contain_text("No connection")
    assert rows.count() == shown
    history.context.set_offline(False)
    history.get_by_role("link", name="Older").click()
    expect(history.get_by_role("link", name="Newer")).to_be_visible()
    expect(history.locator("#offline")).to_be_hidden()


def test_a_search_that_runs_shows(history):
    held = []
    history.route("**/money-transfers/**", lambda route: held.append(route))
    history.get_by_role("link", name="Older").click()
    results = history.locator(".results")
    expect(results).to_have_attribute("aria-busy", "true")
    expect(results).to_have_css("opacity", "0.55")
    held[0].continue_()
    expect(history.get_by_role("link", name="Newer")).to_be_visible()
    expect(history.locator(".results")).to_have_css("opacity", "1")
