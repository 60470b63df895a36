"""Ctrl K: one box over everything, by keyboard, on a phone, for a screen reader, and without scripts."""

import re

import pytest
from playwright.sync_api import expect

from accounts.permissions import Role
from tests import factories
from tests.browser.looking import problems_of


@pytest.fixture
def transfer(kopi_kita):
    for number in range(3):
        factories.make_transfer(kopi_kita, beneficiary_name=f"Zulaikha {number}")
    return factories.make_transfer(kopi_kita, beneficiary_name="Budi", external_id="OLD-58000000")


@pytest.fixture
def signed_in(page, sign_in, admin, kopi_kita, transfer):
    factories.make_member(kopi_kita, Role.MAKER, name="Zulaikha Colleague")
    sign_in(page, admin)
    return page


def test_ctrl_k_finds_and_opens_by_keys_alone(signed_in):
    page = signed_in
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Search everything")
    expect(field).to_be_focused()
    expect(page.locator("#lookup").get_by_role("option", name=re.compile("Top-Up History"))).to_be_visible()
    expect(field).to_have_attribute("aria-expanded", "true")

    page.keyboard.type("zulaikha")
    options = page.get_by_role("listbox", name="Results").get_by_role("option")
    expect(options).to_have_count(4)
    expect(page.get_by_role("group", name="People").get_by_role("option")).to_have_count(1)
    expect(page.locator("#lookup [role=status]")).to_have_text("4 results")
    expect(options.first).to_have_attribute("aria-selected", "true")
    expect(page.locator("#lookup").get_by_role("option", selected=True)).to_have_count(1)
    page.keyboard.press("ArrowUp")  # from the first to the last, and round again
    page.keyboard.press("ArrowDown")
    chosen = page.locator("#lookup").get_by_role("option", selected=True)
    expect(chosen).to_have_text(re.compile("Zulaikha Colleague"))
    expect(field).to_have_attribute("aria-activedescendant", chosen.get_attribute("id"))
    expect(field).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Zulaikha Colleague")


def test_escape_closes_it_and_the_focus_is_where_it_was(signed_in):
    page = signed_in
    page.get_by_role("searchbox", name="Search").focus()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("searchbox", name="Search")).to_be_focused()
    button = page.get_by_role("banner").get_by_role("link", name="Search everything")
    button.click()
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()


@pytest.mark.parametrize("number", ["id", "external"])
def test_a_number_that_was_pasted_leads_straight_there_on_enter(signed_in, transfer, number):
    """Enter doesn't wait for what would be found."""
    page = signed_in
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.insert_text(str(transfer.pk) if number == "id" else "old-58000000")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/money-transfers/{transfer.pk}/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Rp")


def test_enter_never_opens_what_came_late_for_the_empty_box(signed_in, transfer):
    """Its answer is held until a number was pasted, and comes before anybody has asked for that."""
    page, held = signed_in, []
    page.route("**/find/**", lambda route: held.append(route))
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.wait_for_timeout(100)
    assert len(held) == 1
    page.clock.install()  # so that what was typed isn't asked for yet
    page.keyboard.insert_text(str(transfer.pk))
    held[0].continue_()
    expect(page.locator("#lookup").get_by_role("option", name=re.compile("Top-Up History"))).to_be_visible()
    expect(page.locator("#lookup").get_by_role("option", selected=True)).to_have_count(0)
    page.unroute("**/find/**")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/money-transfers/{transfer.pk}/")


def test_enter_never_opens_what_an_earlier_word_found(signed_in):
    page = signed_in
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("zulaikha 1")
    expect(page.locator("#lookup").get_by_role("option", selected=True)).to_have_count(1)
    page.keyboard.insert_text("nothing like that")
    page.keyboard.press("Enter")
    page.wait_for_url("**/find/?q=*")
    expect(page.get_by_role("main")).to_contain_text("Nothing was found by “zulaikha 1nothing like that”.")


def test_axe_finds_nothing_wrong_with_what_was_found(signed_in):
    page = signed_in
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("zulaikha")
    expect(page.locator("#lookup").get_by_role("option", selected=True)).to_have_count(1)
    assert list(problems_of(page)) == []


def test_on_a_phone_the_button_opens_it_and_it_fills_the_window(open_context, sign_in, admin, transfer):
    page = open_context(viewport={"width": 390, "height": 844}, has_touch=True).new_page()
    sign_in(page, admin)
    button = page.get_by_role("banner").get_by_role("link", name="Search everything")
    box = button.bounding_box()
    assert min(box["width"], box["height"]) >= 42
    button.tap()
    page.get_by_role("combobox", name="Search everything").fill("zulaikha")
    expect(page.locator("#lookup").get_by_role("option")).to_have_count(3)
    assert page.locator("#lookup").bounding_box()["height"] == 844
    page.locator("#lookup").get_by_role("option").first.tap()
    page.wait_for_url(re.compile(r"/money-transfers/\d{19}/$"))


def test_without_scripts_it_is_a_page(open_context, sign_in, admin, transfer):
    page = open_context(java_script_enabled=False).new_page()
    sign_in(page, admin)
    page.get_by_role("banner").get_by_role("link", name="Search everything").click()
    page.get_by_role("searchbox", name="Search everything").fill("zulaikha")
    page.keyboard.press("Enter")
    expect(page.get_by_role("main").get_by_role("link", name=re.compile("^Zulaikha"))).to_have_count(3)
    page.get_by_role("searchbox", name="Search everything").fill(str(transfer.pk))
    page.get_by_role("main").get_by_role("button", name="Search").click()
    page.wait_for_url(f"**/money-transfers/{transfer.pk}/")


def test_who_was_signed_out_meanwhile_is_led_to_sign_in(signed_in):
    page = signed_in
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox")).to_be_focused()
    expect(page.locator("#lookup").get_by_role("option").first).to_be_visible()  # an empty box asks, too
    page.context.clear_cookies()
    page.keyboard.type("zulaikha")
    page.wait_for_url("**/sign-in/?next=/find/*")
