"""The API Reference: what every width and scheme shows of it, and a call that a Developer makes there."""

import pytest
from playwright.sync_api import expect

from accounts.permissions import Role
from developer.keys import services
from developer.keys.services import KeyRequest
from flipdash import rls
from tests import factories
from tests.browser.looking import NEEDS_SCRIPTS, focus_problems, outline_problems, problems_of

REFERENCE = "/test/developer/reference/"


@pytest.fixture
def developer(kopi_kita):
    member = factories.make_member(kopi_kita, Role.DEVELOPER, name="Dimas Developer")
    scope = member.scope("test")
    with rls.inside(scope):
        services.make_key(scope, KeyRequest("API Secret Key"))
    return member


def test_a_developer_finds_a_call_tries_it_and_finds_it_in_the_logs(page, sign_in, developer):
    row = factories.make_transfer(developer.business, mode="test", remark="Gaji November", amount=1_234_567)
    sign_in(page, developer)
    page.goto("/test/")
    page.get_by_role("link", name="Developer").click()
    page.get_by_role("navigation", name="Main menu").get_by_role("link", name="API Reference").click()
    beside = page.get_by_role("navigation", name="API Reference")
    beside.get_by_role("link", name="List of disbursements").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("List of disbursements")
    page.get_by_label("remark").fill("gaji")
    page.get_by_role("button", name="Call", exact=True).click()
    tried = page.get_by_role("region", name="Try it")
    expect(tried).to_contain_text("200 OK")
    expect(tried.get_by_role("region", name="Body")).to_contain_text(f'"id": {row.pk}')
    expect(page.get_by_label("remark")).to_have_value("gaji")
    page.get_by_role("navigation", name="Main menu").get_by_role("link", name="API Logs").click()
    expect(page.get_by_role("main")).to_contain_text("/big_sandbox_api/v3/disbursement")


def test_the_pages_are_fit_for_everybody(page, sign_in, developer, open_context):
    sign_in(page, developer)
    wrong = []
    for address in (
        REFERENCE,
        f"{REFERENCE}callbacks/",
        f"{REFERENCE}v3/listDisbursements/",
        f"{REFERENCE}v2/getOperational/",
        "/developer/reference/v3/getDisbursement/",
    ):
        page.goto(address)
        for summary in page.locator("main details > summary").all():
            summary.click()
        wrong += [f"{address}: {one}" for one in [*problems_of(page), *outline_problems(page), *focus_problems(page)]]
    page.goto(f"{REFERENCE}v3/getBalance/")
    page.get_by_role("button", name="Call", exact=True).click()
    expect(page.get_by_role("region", name="Try it")).to_contain_text("200 OK")
    wrong += [f"tried: {one}" for one in problems_of(page)]
    plain = open_context(viewport={"width": 1440, "height": 900}, java_script_enabled=False).new_page()
    plain.context.add_cookies(page.context.cookies())
    plain.goto(f"{REFERENCE}v3/getBalance/")
    plain.get_by_role("button", name="Call", exact=True).click()
    expect(plain.get_by_role("region", name="Try it")).to_contain_text("200 OK")
    wrong += [f"without scripts: {one}" for one in plain.evaluate(NEEDS_SCRIPTS)]
    assert wrong == []


def test_a_call_is_the_same_page_in_the_other_mode(page, sign_in, developer):
    sign_in(page, developer)
    page.goto("/developer/reference/v2/getDisbursementQueue/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Queue before a disbursement")
    page.get_by_role("link", name="Try it in Test Mode").click()
    page.wait_for_url(f"**{REFERENCE}v2/getDisbursementQueue/#try")
