"""The eight people: signing in and out, what each sees, and the two modes."""

import re

import pytest
from playwright.sync_api import Page, expect

from accounts.permissions import ROLE_PERMISSIONS, Permission, Role
from flipdash.mode import Mode
from tests import factories

HISTORIES = [
    *("Accept Payment", "Payment Links", "Payment History"),
    *("My Deposit", "Overview", "Deposit History", "Top-Up History"),
]
REFUNDS = ["Refund", "Refund History", "Request Refund"]
DOCUMENTS = ["Document", "Invoices", "Statements", "Reports", "Schedules", "Files"]
PEOPLE = ["Manage Multi Account", "Accounts", "Activity Log"]
DEVELOPERS = ["Developer", "Manage API", "Callback Deliveries", "API Logs", "API Reference"]
SETTINGS = ["Settings", "Account & Profile", "Import history"]
COLOUR_BEHIND = """element => {
  const brush = new OffscreenCanvas(1, 1).getContext("2d");
  brush.fillStyle = getComputedStyle(element).backgroundColor;
  brush.fillRect(0, 0, 1, 1);
  return [...brush.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}"""


def menu_of(page: Page) -> list[str]:
    """Press the head of each section; return what it is called, and what it then shows."""
    menu, said = page.get_by_role("navigation", name="Main menu"), []
    for head in map(str.strip, menu.locator(".sidebar__sections > li > a").all_text_contents()):
        menu.get_by_role("link", name=head, exact=True).click()
        expect(menu.locator(".is-here")).to_have_text(head)
        entries = menu.locator(".sidebar__entries a")
        if head != "Approvals":  # one page, and no entries below it
            expect(entries.first).to_have_attribute("aria-current", "page")
        said += [head, *map(str.strip, entries.all_text_contents())]
    return said


def log_out(page: Page) -> None:
    page.get_by_label("Account menu").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.wait_for_url("**/sign-in/")


@pytest.mark.parametrize("role", Role)
def test_each_role_signs_in_sees_its_menu_and_logs_out(page, sign_in, kopi_kita, role):
    member = factories.make_member(kopi_kita, role)
    sign_in(page, member)

    expect(page.get_by_role("heading", name="Transaction History")).to_be_visible()
    may_download = role != Role.CUSTOMER_SERVICE
    expect(page.get_by_role("button", name="Create Report")).to_have_count(int(may_download))
    is_admin, manages_api = role == Role.ADMIN, role in (Role.ADMIN, Role.DEVELOPER)
    may = ROLE_PERMISSIONS[role]
    creates, approves = Permission.CREATE_TRANSACTIONS in may, Permission.APPROVE_TRANSACTIONS in may
    transfers = ["Money Transfer", *["Create Transfer", "Bulk Transfer"] * creates, "Transaction History"]
    transfers += ["International Transfer", *["Create Transfer"] * creates, "Transaction History"]
    menu = (
        ["Approvals"] * approves
        + transfers
        + HISTORIES
        + REFUNDS * (Permission.REQUEST_REFUND in may)
        + DOCUMENTS * may_download
        + PEOPLE * is_admin
        + DEVELOPERS * manages_api
        + SETTINGS * is_admin
    )
    assert menu_of(page) == menu
    page.get_by_label("Account menu").click()
    expect(page.locator(".menu__who")).to_contain_text(str(role.label))
    page.keyboard.press("Escape")

    log_out(page)
    page.goto("/money-transfers/")
    expect(page).to_have_url(re.compile(r"/sign-in/\?next=/money-transfers/$"))


def test_wrong_password_says_so_and_keeps_the_email(page, sign_in, admin):
    sign_in(page, admin)
    log_out(page)
    page.get_by_label("Email").fill(admin.user.email)
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("alert")).to_contain_text("not correct")
    expect(page.get_by_label("Email")).to_have_value(admin.user.email)
    expect(page).to_have_url(re.compile(r"/sign-in/$"))


def test_customer_service_is_told_which_permission_reports_need(page, sign_in, admin, customer_service):
    sign_in(page, customer_service)
    answer = page.goto("/documents/reports/")

    assert answer.status == 403
    expect(page.get_by_role("heading", name="Your role doesn’t allow this")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("Download Transaction and Deposit Reports")
    expect(page.get_by_role("main")).to_contain_text(admin.user.email)


def test_test_mode_is_unmistakable_and_its_data_are_its_own(page, sign_in, admin, kopi_kita):
    factories.make_transfer(kopi_kita, beneficiary_name="Lives in Live")
    factories.make_transfer(kopi_kita, beneficiary_name="Tests in Test", mode=Mode.TEST)
    sign_in(page, admin)
    names = page.locator("[data-label='Beneficiary Name']")
    bar = page.get_by_role("region", name="Mode in use")
    expect(names).to_have_text(["Lives in Live"])
    expect(bar).to_have_count(0)

    page.get_by_role("banner").get_by_role("link", name="Test Mode").click()
    expect(page).to_have_url(re.compile(r"/test/money-transfers/$"))
    expect(bar).to_contain_text("Test Mode · no real money moves")
    assert is_amber(*bar.locator(".mode-bar__words").evaluate(COLOUR_BEHIND))
    expect(names).to_have_text(["Tests in Test"])
    page.get_by_role("link", name=re.compile(r"^\d{19}, ")).click()
    expect(page).to_have_url(re.compile(r"/test/money-transfers/\d{19}/"))
    expect(bar).to_be_visible()

    page.get_by_role("banner").get_by_role("link", name="Live Mode").click()
    expect(page).to_have_url(re.compile(r"\d/money-transfers/$"))
    expect(bar).to_have_count(0)
    expect(names).to_have_text(["Lives in Live"])


def is_amber(red: int, green: int, blue: int) -> bool:
    return red > green > blue and red > 200 and red - blue > 80
