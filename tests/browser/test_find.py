"""Found in one try: words of different kinds, what they were taken for, and what an empty page offers."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests import factories
from tests.browser.looking import outline_problems, problems_of


@pytest.fixture
def history(kopi_kita, admin, page, sign_in) -> Page:
    """The history with three transfers to Sri, of which one is of Rp1.850.000, one to BCA, and one says BCA."""
    for fields in (
        {"amount": 1_850_000, "bank": "bri"},
        {"amount": 7, "bank": "bca"},
        {"amount": 7, "bank": "bri", "remark": "via BCA", "external_id": "58000003"},
    ):
        factories.make_transfer(kopi_kita, beneficiary_name="Sri", **fields)
    sign_in(page, admin)
    page.goto("/money-transfers/")
    return page


def search(page: Page, words: str) -> None:
    page.get_by_role("searchbox", name="Search").fill(words)
    page.keyboard.press("Enter")
    expect(page.get_by_role("searchbox", name="Search")).to_have_attribute("value", words)


def rows(page: Page, count: int) -> None:
    expect(page.locator(".table--history tbody tr")).to_have_count(count)


def chip(page: Page, words: str):
    chips = page.get_by_role("list", name="Applied search and filters")
    return chips.get_by_role("listitem").filter(has=page.locator(".chip__value", has_text=re.compile(f"^{words}$")))


def test_name_and_amount_find_the_transfer(history):
    search(history, "sri 1.850.000")
    rows(history, 1)
    expect(chip(history, "1.850.000").locator(".chip__name")).to_have_text("Amount")
    chip(history, "sri").get_by_role("link", name="Remove filter Text").click()
    expect(history.get_by_role("searchbox", name="Search")).to_have_attribute("value", "1.850.000")
    rows(history, 1)


def test_a_word_is_taken_for_one_of_its_kinds_by_the_keyboard(history):
    search(history, "sri bca")
    rows(history, 2)
    taken = chip(history, "bca")
    expect(taken.locator(".chip__name")).to_have_text("Bank or Text")
    taken.locator("summary").focus()
    history.keyboard.press("Enter")
    taken.get_by_role("link", name="Bank", exact=True).press("Enter")
    rows(history, 1)
    expect(chip(history, "bca").locator(".chip__name")).to_have_text("Bank")
    history.locator("summary", has_text="Filter").click()
    history.get_by_role("checkbox", name="Successful").check()
    history.get_by_role("button", name="Apply").click()
    expect(history).to_have_url(re.compile("in=bank%3Abca"))
    rows(history, 1)


def test_an_empty_page_offers_what_each_word_finds(history):
    search(history, "sri 999000 bca")
    expect(history.get_by_role("heading", name="Nothing was found")).to_be_visible()
    offers = history.get_by_role("list", name="Each word alone finds:")
    expect(offers.get_by_role("listitem")).to_have_text(
        [re.compile(r"sri\s+3"), re.compile("999000 0"), re.compile(r"bca\s+2")]
    )
    expect(offers.get_by_role("link")).to_have_count(2)
    offers.get_by_role("link", name="bca").click()
    rows(history, 2)


def test_the_old_number_stands_on_the_row_that_it_found(history):
    search(history, "58000003")
    expect(history.locator(".cell__also")).to_have_text("External ID 58000003")


def test_chips_and_their_choices_fit_a_small_phone(history):
    history.set_viewport_size({"width": 320, "height": 700})
    search(history, "sri 999000 bca")
    for words in ("999000", "bca"):
        chip(history, words).locator("summary").click()
        assert chip(history, words).locator(".chip__choices").bounding_box()["x"] >= 0
        assert history.evaluate("document.documentElement.scrollWidth") <= 320
        assert chip(history, words).bounding_box()["width"] <= 288


@pytest.mark.parametrize("words", ["sri bca", "sri 999000 bca 31 feb", "58000003", "settled"])
def test_axe_finds_nothing(history, words):
    search(history, words)
    for summary in history.locator(".chip__what").all()[:1]:
        summary.click()
    assert [*problems_of(history), *outline_problems(history)] == []
