"""High contrast: what only a colour told is told without it."""

import pytest
from playwright.sync_api import expect

from tests import factories

BEHIND = "(it) => getComputedStyle(it).backgroundColor"
BORDER = "(it) => parseFloat(getComputedStyle(it).borderTopWidth)"


@pytest.fixture
def contrast(open_context, sign_in, admin, kopi_kita):
    factories.make_transfer(kopi_kita, status="failed")
    page = open_context(viewport={"width": 1440, "height": 900}, forced_colors="active").new_page()
    sign_in(page, admin)
    page.goto("/money-transfers/?status=failed")
    return page


def test_what_is_current_stands_out_and_badges_have_a_border(contrast):
    menu, mode = contrast.locator(".sidebar__link"), contrast.get_by_role("banner").locator(".mode-switch__mode")
    current, other = menu.locator("xpath=self::*[@aria-current='page']"), menu.last
    assert current.evaluate(BEHIND) != other.evaluate(BEHIND)
    assert mode.first.evaluate(BEHIND) != mode.last.evaluate(BEHIND)
    for badge in (contrast.locator("tbody .status").first, contrast.locator(".toolbar .count").first):
        assert badge.evaluate(BORDER) >= 1


def test_the_chosen_option_of_ctrl_k_stands_out(contrast):
    contrast.keyboard.press("Control+k")
    options = contrast.locator("#lookup").get_by_role("option")
    expect(options.first).to_be_visible()
    contrast.keyboard.press("ArrowDown")
    assert options.first.evaluate(BEHIND) != options.nth(1).evaluate(BEHIND)
