"""A live key from its code to its end, and what its calls leave in API Logs: the story of issue 13."""

import base64
import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import OtpChallenge, PhoneDevice
from accounts.permissions import Role
from tests import factories
from tests.browser.looking import problems_of

KEY = re.compile(r"fd_(?:live|test)_[0-9A-Za-z]{61}")
BALANCE = "v3/general/balance"


@pytest.fixture
def developer(kopi_kita):
    member = factories.make_member(kopi_kita, Role.DEVELOPER)
    PhoneDevice.objects.create(user=member.user, name="phone", number="+6281234567890", confirmed_at=timezone.now())
    return member


@pytest.fixture
def call(open_context):
    """Return what calls the API as a program does, over HTTP: the status and the answer."""
    program = open_context().request

    def one(key: str, root: str = "api") -> tuple[int, dict]:
        basic = base64.b64encode(f"{key}:".encode()).decode()
        answer = program.get(f"/{root}/{BALANCE}", headers={"Authorization": f"Basic {basic}"})
        return answer.status, answer.json()

    return one


def code_from_the_outbox(page: Page) -> str:
    outbox = page.context.new_page()
    outbox.goto("/outbox/")
    code = re.search(r"\b\d{6}\b", outbox.get_by_role("article").first.inner_text())[0]
    outbox.close()
    return code


def shown_key(page: Page) -> str:
    """Return the key that stands on the page, and leave it."""
    expect(page.get_by_role("heading", name="Your new key")).to_be_visible()
    [key] = set(KEY.findall(page.get_by_role("main").inner_text()))
    page.get_by_role("link", name="I have kept it").click()
    return key


def take_a_code(page: Page) -> str:
    """Choose SMS, type what came, and return the key."""
    page.get_by_role("button", name="SMS").click()
    page.get_by_label("Code").fill(code_from_the_outbox(page))
    page.get_by_role("button", name="Show key").click()
    return shown_key(page)


def test_a_live_key_is_generated_used_logged_changed_and_ended(page, sign_in, developer, call):
    sign_in(page, developer)
    page.goto("/developer/manage/")
    page.get_by_role("link", name="Generate Key").click()
    first = take_a_code(page)
    assert first.startswith("fd_live_")
    assert first not in page.content()
    assert call(first) == (200, {"balance": 0})

    page.reload()
    page.get_by_role("link", name="Last used").click()
    expect(page.get_by_role("heading", name="API Logs")).to_be_visible()
    page.get_by_role("link", name=f"GET /api/{BALANCE}").click()
    main = page.get_by_role("main")
    expect(main).to_contain_text('"balance": 0')
    expect(main).to_contain_text(f"API Secret Key · {first[:20]}…")
    assert first[20:] not in page.content()
    assert "Authorization" not in main.inner_text()
    assert list(problems_of(page)) == []

    OtpChallenge.objects.update(created_at=timezone.now() - timedelta(minutes=2))  # one code a minute
    page.goto("/developer/manage/")
    page.get_by_role("link", name="Change Key").click()
    page.get_by_label("works on for 1 hour").check()
    page.get_by_role("button", name="Generate Key").click()
    second = take_a_code(page)
    assert [call(key)[0] for key in (first, second)] == [200, 200]
    expect(page.get_by_role("main")).to_contain_text("Works until")

    page.get_by_role("button", name="End now").click()
    expect(page.get_by_role("main")).to_contain_text(f"{first[:20]}… no longer works.")
    assert [call(key)[0] for key in (first, second)] == [401, 200]


def test_test_and_live_keys_refuse_each_others_path(page, sign_in, developer, call):
    sign_in(page, developer)
    page.goto("/test/developer/manage/")
    page.get_by_role("link", name="Generate Key").click()
    page.get_by_role("button", name="Generate Key").click()
    test = shown_key(page)
    page.goto("/developer/manage/")
    page.get_by_role("link", name="Generate Key").click()
    live = take_a_code(page)
    for key, own, other in ((live, "api", "big_sandbox_api"), (test, "big_sandbox_api", "api")):
        assert (call(key, own)[0], call(key, other)[0]) == (200, 401)
    page.goto("/test/developer/logs/")
    expect(page.locator("tbody tr")).to_have_count(1)


def test_a_maker_sees_no_developer_menu_and_gets_403(page, sign_in, kopi_kita):
    sign_in(page, factories.make_member(kopi_kita, Role.MAKER))
    expect(page.get_by_role("navigation", name="Main menu")).not_to_contain_text("Developer")
    for path in ("manage/", "logs/"):
        assert page.goto(f"/developer/{path}").status == 403
        expect(page.get_by_role("main")).to_contain_text("Managing the API")
