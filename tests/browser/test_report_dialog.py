"""Create Report: the dialog, by mouse and by keyboard, and its page without scripts."""

import pytest
from playwright.sync_api import expect

from documents.models import Report
from flipdash import db
from flipdash.histories import results
from tests import factories


@pytest.fixture
def history(kopi_kita):
    for number in range(3):
        factories.make_transfer(kopi_kita, remark=f"Biji kopi {number}", status="failed" if number else "successful")


def test_the_dialog_says_what_and_makes_the_chosen_format(page, sign_in, admin, history, worker, tmp_path):
    sign_in(page, admin)
    page.goto("/money-transfers/?status=failed")
    opener, dialog = page.locator("button[form=create-report]"), page.get_by_role("dialog", name="Create Report")
    page.get_by_role("button", name="Create Report").click()
    expect(dialog).to_contain_text("2 transactions")
    expect(dialog).to_contain_text("Status")
    expect(page.get_by_role("button", name="Create Report")).to_have_count(1)
    for leave in ("Escape", "Cancel", "Close"):
        if leave == "Escape":
            page.keyboard.press("Escape")
        else:
            dialog.get_by_role("button", name=leave).click()
        expect(dialog).to_be_hidden()
        expect(opener).to_be_focused()
        page.keyboard.press("Enter")
        expect(dialog).to_be_visible()
    assert Report.objects.count() == 0

    expect(dialog.get_by_label("Separator")).to_be_hidden()
    dialog.get_by_label(".csv", exact=True).check()
    dialog.get_by_label("Separator").select_option(label="Semicolon")
    page.get_by_role("button", name="Create Report").click()
    expect(page.locator("#tray")).to_contain_text(".csv · 2 rows")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download R000001").click()
    assert download.value.suggested_filename.endswith("_R000001.csv")
    download.value.save_as(tmp_path / "report.csv")
    assert (tmp_path / "report.csv").read_bytes().startswith(b"\xef\xbb\xbfTransaction ID;Status;")


def test_the_dialog_follows_what_is_searched_without_a_new_page(page, sign_in, admin, history):
    sign_in(page, admin)
    page.get_by_role("searchbox", name="Search").fill("Biji kopi 2")
    page.keyboard.press("Enter")
    expect(page.locator(".pager__count")).to_have_text("1 transaction")
    page.get_by_role("button", name="Create Report").click()
    expect(page.get_by_role("dialog")).to_contain_text("1 transaction.")
    expect(page.get_by_role("dialog")).to_contain_text("Biji kopi 2")


def test_a_count_that_takes_long_follows_the_page(page, sign_in, admin, history, monkeypatch):
    """On the page and in the dialog, without the person doing anything."""

    def run_out(self, page, limit):
        raise db.TooSlow

    monkeypatch.setattr(results.Listing, "_count_beside", run_out)
    sign_in(page, admin)
    page.goto("/money-transfers/?status=failed")
    expect(page.locator(".pager__count")).to_have_text("2 transactions")
    page.get_by_role("button", name="Create Report").click()
    expect(page.get_by_role("dialog")).to_contain_text("2 transactions.")
