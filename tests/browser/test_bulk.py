"""A file of transfers with three bad rows: repaired in the page by keyboard, confirmed, and its batch (issue 15)."""

from threading import Event, Thread

import pytest
from django.db import connections
from playwright.sync_api import expect

from accounts.permissions import Role
from tests import factories
from tests.transactions.bulk_files import GOOD, csv, work
from tests.transactions.sending import fund
from transactions.models import MoneyTransfer

pytestmark = pytest.mark.usefixtures("asleep", "files")
BAD = ("BCA Sariah,1234567890,Budi,85000,,,", "BCA,123,Wati,87000,,,", "Mandiri,1370000005555,Dewi,9.999,,,")


@pytest.fixture
def working():
    """A worker, which in tests is a thread."""
    is_over = Event()

    def keep_working():
        while not is_over.wait(0.2):
            work()
        connections.close_all()

    thread = Thread(target=keep_working)
    thread.start()
    yield
    is_over.set()
    thread.join()


def test_three_bad_rows_are_repaired_and_the_batch_is_made(page, sign_in, kopi_kita, working):
    fund(kopi_kita, 100_000_000)
    sign_in(page, factories.make_member(kopi_kita, Role.MAKER, name="Dimas Maker"))
    page.goto("/money-transfers/bulk/")
    file = {"name": "gaji-november.csv", "mimeType": "text/csv", "buffer": csv(*GOOD, *BAD)}
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Check file").click()
    expect(page.get_by_text("3 rows can’t be paid as they are")).to_be_visible()
    assert not MoneyTransfer.objects.exists()
    page.set_viewport_size({"width": 390, "height": 844})
    box = page.get_by_label("Bank, 5").bounding_box()
    assert box is not None
    assert box["width"] > 250, "on a phone what is wrong can be typed too"
    page.set_viewport_size({"width": 1280, "height": 900})
    page.get_by_label("Bank, 5").fill("bca_syr")
    page.keyboard.press("Tab")
    page.get_by_label("Account Number, 6").fill("0650000779")
    page.get_by_label("Amount, 7").fill("99.990")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="The banks have answered: continue").click()
    confirm = page.get_by_role("button", name="Confirm 6 transfers: Rp")
    expect(confirm).to_be_visible()
    expect(page.get_by_text("Available after")).to_be_visible()
    page.get_by_label("Batch name").fill("Gaji November")
    page.get_by_label("Why the names differ").fill("They are right")
    confirm.click()
    expect(page.get_by_role("heading", name="Gaji November")).to_be_visible()
    expect(page.get_by_text("0 of 6 transfers have ended")).to_be_visible()
    assert MoneyTransfer.objects.filter(status="pending_approval").count() == 6
    page.goto("/money-transfers/bulk/")
    expect(page.get_by_role("link", name="Gaji November")).to_be_visible()
