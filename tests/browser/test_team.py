"""Adding somebody, their first day, another role, the end; and how the pages of people look."""

import re

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from accounts.permissions import Role
from accounts.sign_in.reauthentication import REAUTHENTICATED_AT
from tests import factories
from tests.browser.conftest import PASSWORD
from tests.browser.looking import WIDTHS, problems_of
from tests.browser.test_people import menu_of

EMAIL = "dimas@kopikita.test"
FIRST_PASSWORD = "gula-aren-tumpah-7"


def add_account(page: Page, role: str, email: str = EMAIL) -> None:
    page.get_by_role("navigation", name="Main menu").get_by_text("Manage Multi Account").click()
    page.get_by_role("navigation", name="Main menu").get_by_role("link", name="Accounts").click()
    page.get_by_role("link", name="Add Account").click()
    page.get_by_label("Email").fill(email)
    page.get_by_label("Phone").fill("0812 3456 7890")
    page.get_by_role("radio", name=re.compile(rf"^{role} ")).check()
    page.get_by_role("button", name="Add Account", exact=True).click()


def invited_link(page: Page, email: str = EMAIL) -> str:
    page.goto("/outbox/")
    mail = page.get_by_role("article").filter(has_text=email).first
    return re.sub(r"^https?://[^/]+", "", mail.get_by_role("link").get_attribute("href"))


def test_a_maker_is_added_works_becomes_approver_and_leaves(open_context, page, sign_in, admin):
    sign_in(page, admin)
    add_account(page, "Maker")
    dialog = page.get_by_role("dialog", name="Add this account?")
    expect(dialog).to_contain_text("Create Transactions")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_label("Email")).to_have_value(EMAIL)
    page.get_by_role("button", name="Add Account", exact=True).click()
    page.get_by_role("button", name="Yes, Add Account").click()
    expect(page.locator("#messages")).to_contain_text("on its way to dimas@kopikita.test")

    theirs = open_context(viewport={"width": 1440, "height": 900}).new_page()
    theirs.goto(invited_link(theirs))
    theirs.get_by_label("Your name").fill("Dimas Saputra")
    theirs.get_by_label("Password").fill(FIRST_PASSWORD)
    theirs.get_by_role("button", name="Confirm and sign in").click()
    theirs.wait_for_url("**/money-transfers/")
    makers = menu_of(theirs)
    assert "Money Transfer" in makers
    assert not {"Manage Multi Account", "Settings"} & set(makers)
    theirs.goto("/permissions/")
    expect(theirs.get_by_role("main")).to_contain_text("You are Maker at Kopi Kita")

    page.goto("/members/")
    page.get_by_role("link", name="Dimas Saputra").click()
    page.get_by_role("link", name="Change role").click()
    page.get_by_role("radio", name=re.compile("^Approver ")).check()
    page.get_by_role("button", name="Save role").click()
    expect(page.locator("#messages")).to_contain_text("Approver")
    theirs.reload()
    expect(theirs.get_by_role("main")).to_contain_text("You are Approver at Kopi Kita")
    theirs.get_by_label("Account menu").click()
    expect(theirs.locator(".menu__who")).to_contain_text("Approver")

    page.get_by_role("link", name="Deactivate").click()
    page.get_by_role("button", name="Deactivate").click()
    expect(page.locator("#messages")).to_contain_text("signed out everywhere")
    theirs.reload()
    expect(theirs).to_have_url(re.compile("/sign-in/"))


def forget_proofs() -> None:
    """Make the authentication of signing in too old to count."""
    for session in Session.objects.all():
        store = SessionStore(session.session_key)
        store.pop(REAUTHENTICATED_AT, None)
        store.save()


def test_another_admin_needs_the_password(page, sign_in, admin):
    sign_in(page, admin)
    forget_proofs()
    add_account(page, "Admin")
    page.get_by_role("button", name="Yes, Add Account").click()
    expect(page.get_by_role("heading", name="Confirm that it’s you")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("main")).to_contain_text(EMAIL)
    assert admin.business.invitations.get().role == "admin"


def test_adding_works_without_scripts_on_a_phone(open_context, sign_in, admin):
    page = open_context(viewport={"width": 390, "height": 844}, java_script_enabled=False).new_page()
    sign_in(page, admin)
    page.goto("/members/new/")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Phone").fill("0812 3456 7890")
    page.get_by_role("radio", name=re.compile("^Maker ")).check()
    page.get_by_role("button", name="Add Account", exact=True).click()
    page.get_by_role("button", name="Yes, Add Account").click()
    expect(page.get_by_role("main")).to_contain_text(EMAIL)
    assert admin.business.invitations.get().role == "maker"


def test_a_phone_is_verified_from_the_outbox(page, sign_in, kopi_kita):
    maker = factories.make_member(kopi_kita, Role.MAKER)
    sign_in(page, maker)
    page.get_by_label("Account menu").click()
    page.get_by_role("link", name="My Profile").click()
    forget_proofs()
    page.get_by_role("link", name="Verify phone").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Phone").fill("0812 3456 7890")
    page.get_by_role("radio", name="WhatsApp").check()
    page.get_by_role("button", name="Send code").click()
    expect(page.get_by_label("Code")).to_be_focused()
    outbox = page.context.new_page()
    outbox.goto("/outbox/")
    code = re.search(r"\b\d{6}\b", outbox.get_by_role("article").first.inner_text())[0]
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Verify phone").click()
    expect(page.get_by_role("main")).to_contain_text("+62 812-3456-7890")
    expect(page.get_by_role("main").get_by_text("Verified", exact=True)).to_be_visible()


@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing_and_pages_fit(open_context, sign_in, admin, kopi_kita, width):
    maker = factories.make_member(kopi_kita, Role.MAKER, name="Dimas Saputra")
    factories.make_member(kopi_kita, Role.APPROVER, is_active=False)
    factories.make_invitation(admin)
    page = open_context(viewport={"width": width, "height": WIDTHS[width]}).new_page()
    sign_in(page, admin)
    wrong = []

    def look(name: str) -> None:
        wrong.extend(f"{name}, {problem}" for problem in problems_of(page, (width,)))

    for address in (
        "/members/",
        f"/members/{maker.pk}/",
        f"/members/{maker.pk}/role/",
        f"/members/{maker.pk}/deactivation/",
        "/permissions/",
        "/settings/account/",
        "/my-profile/",
        "/members/new/",
        "/invitations/unknown/",
    ):
        page.goto(address)
        look(address)
    page.goto("/members/new/")
    page.get_by_role("button", name="Add Account", exact=True).click()
    look("add form with errors")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Phone").fill("0812 3456 7890")
    page.get_by_role("radio", name=re.compile("^Maker ")).check()
    page.get_by_role("button", name="Add Account", exact=True).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    look("confirmation")
    page.get_by_role("button", name="Yes, Add Account").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.goto(invited_link(page))
    look("invitation")
    forget_proofs()
    page.goto("/my-profile/phone/")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("button", name="Send code")).to_be_visible()
    look("phone")
    assert wrong == []
