"""Sign-up, sign-in and security in a browser: axe finds nothing, the keyboard is enough, a phone is wide enough."""

import re

import pytest
from playwright.sync_api import Page, expect

from accounts.sign_in import second_factor
from flipdash.mail import MAILS
from flipdash.models import Message
from tests import factories
from tests.browser.conftest import PASSWORD
from tests.browser.looking import problems_of
from tests.browser.test_look import tab_to

SECURITY = "/my-profile/security/"


@pytest.fixture(autouse=True)
def nobody_tried_yet() -> None:
    from django.core.cache import cache

    cache.clear()


@pytest.fixture
def phone(open_context) -> Page:
    return open_context(viewport={"width": 390, "height": 844}).new_page()


@pytest.fixture(autouse=True)
def own_address(settings, live_server) -> None:
    settings.SITE_URL = live_server.url


def give_password(member) -> None:
    member.user.set_password(PASSWORD)
    member.user.save()


def looked_at(page: Page, name: str, wrong: list[str]) -> None:
    wrong.extend(f"{name}: {problem}" for problem in problems_of(page, (390,)))


def test_a_business_signs_up_on_a_phone_by_keyboard_alone(phone, live_server):
    wrong: list[str] = []
    press, write = phone.keyboard.press, phone.keyboard.type
    phone.goto("/sign-in/")
    looked_at(phone, "sign-in", wrong)
    tab_to(phone, phone.get_by_role("link", name="Sign up"))
    press("Enter")
    expect(phone.get_by_role("heading", name="Sign up your business")).to_be_visible()
    looked_at(phone, "sign-up", wrong)
    fields = {
        "Business name": "Warung Bu Tini",
        "Your name": "Tini",
        "Email": "tini@warung.test",
        "Password": "short",
    }
    for label, value in fields.items():
        tab_to(phone, phone.get_by_label(label, exact=True))
        write(value)
    press("Enter")
    expect(phone.get_by_role("alert")).to_contain_text("at least 12")
    looked_at(phone, "sign-up, in error", wrong)
    tab_to(phone, phone.get_by_label("Password", exact=True))
    write("gula aren dua sendok")
    press("Enter")
    expect(phone.get_by_role("heading", name="Open the email")).to_be_visible()
    looked_at(phone, "mail sent", wrong)

    phone.goto("/outbox/")
    phone.locator("a[href*='/account/confirmation/']").first.click()
    expect(phone.get_by_role("button", name="Yes, confirm")).to_be_visible()
    looked_at(phone, "confirmation", wrong)
    tab_to(phone, phone.get_by_role("button", name="Yes, confirm"))
    press("Enter")
    phone.wait_for_url("**/money-transfers/")
    assert wrong == []


def test_the_second_step_is_set_up_and_asked_by_keyboard_alone(page, sign_in, admin, monkeypatch):
    wrong: list[str] = []
    press, write = page.keyboard.press, page.keyboard.type
    sign_in(page, admin)
    page.goto(SECURITY)
    looked_at(page, "security, off", wrong)
    tab_to(page, page.get_by_role("link", name="Add an authenticator app"))
    press("Enter")
    expect(page.get_by_alt_text("QR code")).to_be_visible()
    assert page.get_by_alt_text("QR code").evaluate("picture => picture.naturalWidth") > 0
    looked_at(page, "app", wrong)
    secret = page.locator("[data-copy]").first.get_attribute("data-copy")
    tab_to(page, page.get_by_label("Code"))
    write(factories.code_of(secret))
    press("Enter")
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    looked_at(page, "recovery codes", wrong)
    codes = page.locator(".codes li").all_inner_texts()
    assert len(codes) == 10
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.path().read_text().split() == codes
    page.goto(SECURITY)
    looked_at(page, "security, on", wrong)
    page.goto("/my-profile/sessions/")
    looked_at(page, "sessions", wrong)

    page.get_by_label("Account menu").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_label("Email")).to_be_focused()
    write(admin.user.email)
    press("Tab")
    write(PASSWORD)
    press("Enter")
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    looked_at(page, "second step", wrong)
    tab_to(page, page.get_by_label("Code"))
    write("00000000")
    press("Enter")
    expect(page.get_by_text("This code is wrong")).to_be_visible()
    looked_at(page, "second step, in error", wrong)
    tab_to(page, page.get_by_label("Code"))
    page.keyboard.press("Control+A")
    write(codes[3])
    press("Enter")
    page.wait_for_url("**/money-transfers/")
    assert wrong == []


@pytest.mark.parametrize("language", ["en", "id"])
def test_pages_of_sign_in_fit_a_phone_and_axe_finds_nothing(open_context, admin, language):
    wrong: list[str] = []
    give_password(admin)
    factories.make_app(admin)
    locale = {"en": "en-GB", "id": "id-ID"}[language]
    phone = open_context(viewport={"width": 390, "height": 844}, locale=locale).new_page()
    admin.user.language = language
    admin.user.save()
    for name, path in {
        "reset": "/account/password/",
        "reset sent": "/account/password/sent/",
        "switched off": "/account/inactive/",
    }.items():
        phone.goto(path)
        looked_at(phone, name, wrong)
    phone.goto("/account/confirmation/nothing/")
    looked_at(phone, "dead link", wrong)
    phone.goto("/account/password/")
    phone.locator("#id_email").fill(admin.user.email)
    phone.locator("form button").first.click()
    phone.wait_for_url("**/sent/")
    link = None
    for _wait in range(100):
        MAILS.work()  # unless the worker of another test is faster
        link = re.search(r"/account/password/\S+", Message.objects.latest("id").text)
        if link:
            break
        phone.wait_for_timeout(100)
    assert link
    link = link.group(0)
    phone.goto(link)
    looked_at(phone, "new password", wrong)

    phone.goto("/sign-in/")
    phone.locator("#id_login").fill(admin.user.email)
    phone.locator("#id_password").fill(PASSWORD)
    phone.keyboard.press("Enter")
    phone.wait_for_url("**/second-step/")
    looked_at(phone, "second step", wrong)
    phone.locator("#id_code").fill(second_factor.new_recovery_codes(admin.user)[0])
    phone.keyboard.press("Enter")
    phone.wait_for_url("**/money-transfers/")
    for path in (
        SECURITY,
        f"{SECURITY}password/",
        f"{SECURITY}passkey/",
        "/my-profile/sessions/",
        "/re-authentication/",
    ):
        phone.goto(path)
        looked_at(phone, path, wrong)
    assert wrong == []


def test_a_passkey_is_added_and_is_the_second_step(page, sign_in, admin, live_server):
    """With Chromium's virtual authenticator."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    sign_in(page, admin)
    page.goto(f"{SECURITY}passkey/")
    page.get_by_label("Name").fill("Work laptop")
    page.get_by_role("button", name="Add passkey").click()
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    page.goto(SECURITY)
    expect(page.get_by_text("Work laptop", exact=True)).to_be_visible()

    page.get_by_label("Account menu").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.wait_for_url("**/sign-in/")
    page.get_by_label("Email").fill(admin.user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/money-transfers/")


def test_a_typed_password_can_be_looked_at_and_is_hidden_again_when_it_is_sent(page, admin):
    give_password(admin)
    page.goto("/sign-in/")
    page.get_by_label("Email").fill(admin.user.email)
    field, show = page.get_by_label("Password"), page.get_by_role("button", name="Show Password")
    field.fill(PASSWORD)
    show.click()
    expect(show).to_have_attribute("aria-pressed", "true")
    expect(field).to_have_attribute("type", "text")
    page.evaluate(
        "document.addEventListener('submit', () => { window.sent = document.querySelector('#id_password').type })"
    )
    page.evaluate("document.addEventListener('submit', (event) => event.preventDefault())")
    page.get_by_role("button", name="Sign in").click()
    assert page.evaluate("window.sent") == "password"


def test_the_language_is_chosen_before_signing_in(page):
    page.goto("/sign-in/?next=/payments/")
    page.get_by_role("button", name="Bahasa Indonesia").click()
    expect(page.get_by_role("heading", name="Masuk")).to_be_visible()
    assert page.url.endswith("/sign-in/?next=/payments/")
