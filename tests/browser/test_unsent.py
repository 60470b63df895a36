"""What was typed when the session had ended comes back to whoever typed it, and to nobody else (F27)."""

import re

import pytest
from playwright.sync_api import Page, expect

from accounts.permissions import Role
from tests import factories
from tests.browser.conftest import PASSWORD
from tests.browser.looking import problems_of

HERE_AGAIN = "What you typed is here again"


@pytest.fixture
def typed(page: Page, sign_in, admin) -> Page:
    """A form in which something stands, whose session another tab has ended."""
    sign_in(page, admin)
    page.goto("/members/new/")
    page.get_by_label("Email").fill("ana@kopikita.test")
    page.get_by_label("Phone").fill("0812 3456 7890")
    page.locator("[name=role][value=approver]").check()
    other = page.context.new_page()
    other.goto("/members/")
    other.get_by_label("Account menu").click()
    other.get_by_role("button", name="Sign out", exact=True).click()
    other.wait_for_url("**/sign-in/")
    return page


def sign_in_again(page: Page, member) -> None:
    page.get_by_label("Email").fill(member.user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def is_here(page: Page) -> None:
    page.wait_for_url("**/members/new/")
    expect(page.get_by_text(HERE_AGAIN)).to_be_visible()
    expect(page.get_by_label("Email")).to_have_value("ana@kopikita.test")
    expect(page.get_by_label("Phone")).to_have_value("0812 3456 7890")
    expect(page.locator("[name=role][value=approver]")).to_be_checked()


def test_it_is_back_after_signing_in_again(typed, admin):
    typed.get_by_role("button", name="Add Account", exact=True).click()
    expect(typed.get_by_text("Nothing was sent, and no money moved")).to_be_visible()
    assert list(problems_of(typed, (390,))) == []
    sign_in_again(typed, admin)
    is_here(typed)
    assert list(problems_of(typed, (390,))) == []
    typed.reload()
    expect(typed.get_by_label("Email")).to_have_value("")  # once is enough
    expect(typed.get_by_text(HERE_AGAIN)).to_have_count(0)


def test_it_is_back_when_the_other_tab_signed_in_again(typed, admin):
    other = typed.context.pages[1]
    sign_in_again(other, admin)
    other.wait_for_url("**/money-transfers/")
    typed.get_by_role("button", name="Add Account", exact=True).click()
    expect(typed.get_by_role("heading", name="This page was open for too long")).to_be_visible()
    assert list(problems_of(typed, (390,))) == []
    typed.get_by_role("link", name="Back to the form").click()
    is_here(typed)


def test_nobody_else_gets_it_and_no_secret_is_kept(typed, kopi_kita, admin):
    other = factories.make_member(kopi_kita, Role.ADMIN)
    other.user.set_password(PASSWORD)
    other.user.save()
    typed.get_by_role("button", name="Add Account", exact=True).click()
    expect(typed.get_by_text("Nothing was sent, and no money moved")).to_be_visible()
    kept = typed.evaluate("sessionStorage.getItem('unsent')")
    assert "ana@kopikita.test" in kept
    assert not re.search(r"csrf|password", kept)
    sign_in_again(typed, other)
    typed.wait_for_url("**/members/new/")
    expect(typed.get_by_label("Email")).to_have_value("")
    assert typed.evaluate("sessionStorage.getItem('unsent')") is None
