"""The eight tasks that finance people were watched at, by clicks and keys (docs/pages.md has them before and after).

Each begins on Transaction History, and may take at most half of the clicks that it took once.
"""

import re
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from accounts.permissions import Role
from flipdash.models import Message
from tests import factories
from transactions.models import Status


@dataclass
class Hands:
    """A person's, who click and type and are counted."""

    page: Page
    clicks: int = 0
    keys: int = 0

    def click(self, what: Locator) -> None:
        what.click()
        self.clicks += 1

    def type(self, words: str) -> None:
        self.page.keyboard.type(words)
        self.keys += len(words)

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.keys += 1

    def find(self, words: str) -> None:
        """Search the history that is open."""
        self.press("/")
        self.page.keyboard.press("Control+a")
        self.type(words)
        self.press("Enter")
        expect(self.page.get_by_role("searchbox", name="Search")).to_have_attribute("value", words)

    @property
    def options(self) -> Locator:
        """What the box has found."""
        return self.page.get_by_role("listbox", name="Results").get_by_role("option")

    def type_in_the_box(self, words: str) -> None:
        self.press("Control+k")
        expect(self.page.get_by_role("combobox", name="Search everything")).to_be_focused()
        self.type(words)

    def go(self, words: str, there: str) -> None:
        """Go somewhere by Ctrl K."""
        self.type_in_the_box(words)
        expect(self.options.first).to_contain_text(re.compile(re.escape(words), re.I))
        self.press("Enter")
        self.page.wait_for_url(there)


@pytest.fixture
def hands(page, sign_in, admin) -> Hands:
    sign_in(page, admin)
    return Hands(page)


@pytest.fixture
def last_week():
    """A moment of last week, from Monday to Sunday, in the business's zone."""
    now = timezone.localtime()
    return now - timedelta(days=now.weekday() + 3)


def rows(page: Page) -> Locator:
    return page.locator(".table--history tbody tr")


def test_the_receipt_of_a_transfer_of_last_week_is_sent(kopi_kita, last_week, hands):
    """Once: 4 clicks and 5 keys, and then one's own mail; a search for both words found nothing."""
    common = {"beneficiary_name": "Sri Wahyuni", "status": Status.SUCCESSFUL}
    factories.make_transfer(kopi_kita, amount=1_850_000, created_at=last_week, **common)
    factories.make_transfer(kopi_kita, amount=1_850_000, created_at=timezone.now(), **common)
    factories.make_transfer(kopi_kita, amount=2_000_000, created_at=last_week, **common)
    hands.find("sri 1850000 last week")
    expect(rows(hands.page)).to_have_count(1)
    hands.click(rows(hands.page).locator(".cell--datetime").first)
    hands.click(hands.page.get_by_role("link", name="Send Receipt"))
    expect(hands.page.get_by_label("Email")).to_be_focused()
    hands.type("sri@example.co.id")
    hands.click(hands.page.get_by_role("button", name="Send Receipt"))
    expect(hands.page.get_by_text("sri@example.co.id").first).to_be_visible()
    assert Message.objects.filter(to="sri@example.co.id").count() == 1
    assert hands.clicks <= 3


def test_this_months_successful_transfers_become_a_report(kopi_kita, worker, hands):
    """Once: 8 clicks, on the way of which Successful was lost."""
    factories.make_transfer(kopi_kita, status=Status.SUCCESSFUL, created_at=timezone.now())
    hands.find("successful this month")
    expect(rows(hands.page)).to_have_count(1)
    hands.click(hands.page.get_by_role("button", name="Create Report"))
    hands.click(hands.page.get_by_role("dialog").get_by_role("button", name="Create Report"))
    expect(hands.page.locator("#tray")).to_contain_text(".xls · 1 row")
    with hands.page.expect_download():
        hands.click(hands.page.get_by_role("link", name="Download R000001"))
    assert hands.clicks <= 4


def test_what_failed_today_and_why_is_read_at_once(kopi_kita, hands):
    """Once: 5 clicks, and 2 more for each row's reason."""
    factories.make_transfer(kopi_kita, status=Status.FAILED, reason="account_closed", created_at=timezone.now())
    hands.find("failed today")
    expect(rows(hands.page)).to_have_count(1)
    expect(rows(hands.page)).to_contain_text("Account closed")
    assert hands.clicks == 0


def test_why_the_deposit_is_lower_than_yesterday_stands_on_one_page(kopi_kita, admin, hands):
    """Once: 4 clicks, and no answer."""
    factories.make_entry(kopi_kita)
    hands.click(hands.page.get_by_role("banner").get_by_role("link", name="Deposit"))
    expect(hands.page.get_by_text("Since yesterday, 23:59")).to_be_visible()
    assert hands.clicks <= 2


def test_a_colleague_is_added_who_may_only_look(hands):
    """Once: 6 clicks, and a guess which role that is."""
    hands.go("add account", "**/members/new/")
    hands.page.get_by_label("Email").focus()
    hands.type("lia@kopikita.test")
    hands.press("Tab")
    hands.type("0812 3456 7890")
    hands.click(hands.page.get_by_text("Reviewer", exact=True).first)
    hands.click(hands.page.get_by_role("button", name="Add Account"))
    hands.click(hands.page.get_by_role("button", name="Yes, Add Account"))
    expect(hands.page.get_by_text("lia@kopikita.test").first).to_be_visible()
    assert hands.clicks <= 3


def test_what_a_colleague_did_is_found_from_their_name(kopi_kita, hands):
    """Once: 8 clicks."""
    factories.make_member(kopi_kita, Role.MAKER, name="Dimas Saputra")
    hands.go("dimas", "**/members/*/")
    hands.click(hands.page.get_by_role("link", name="What Dimas did"))
    hands.page.wait_for_url("**/members/activity/?person=*")
    hands.find("yesterday")
    assert hands.clicks <= 4


def test_a_top_up_is_asked_for(hands):
    """Once: 6 clicks."""
    hands.go("top-up deposit", "**/deposit/top-up/")
    hands.page.get_by_label("Amount", exact=False).last.focus()
    hands.type("50000000")
    hands.click(hands.page.get_by_text("BCA", exact=True).first)
    hands.click(hands.page.get_by_role("button", name="Continue to Payment"))
    hands.click(hands.page.get_by_role("button", name="I Have Transferred"))
    expect(hands.page.get_by_text("Being checked").first).to_be_visible()
    assert hands.clicks <= 3


def test_a_payment_is_found_by_what_its_payer_can_quote(kopi_kita, hands):
    """Once: 2 clicks and 12 keys by name; not at all by its reference, or by name and amount."""
    payment = factories.make_payment(kopi_kita, reference="VA261127935250", sender_name="Rudi Hartono", amount=75_000)
    hands.type_in_the_box("VA261127935250")
    expect(hands.options.first).to_contain_text("Rudi Hartono")
    hands.press("Enter")
    hands.page.wait_for_url(f"**/payments/{payment.pk}/**")
    assert hands.clicks == 0
