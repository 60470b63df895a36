"""Settings → Import history in a real browser: with a worker, and without scripts."""

from pathlib import Path

from playwright.sync_api import Page, expect

from imports.models import ImportJob
from imports.services import IMPORTS
from transactions.models import MoneyTransfer

DATA = Path(__file__).parent.parent / "data"
GOOD, BAD = DATA / "money-transfers.csv", DATA / "money-transfers-bad.csv"
URL = "/settings/import-history/"


def choose(page: Page, path: Path) -> None:
    page.goto(URL)
    page.get_by_label("Money Transfer", exact=True).check()
    page.get_by_label("File", exact=True).set_input_files(path)
    page.get_by_role("button", name="Check file").click()


def test_a_history_is_imported_from_the_page(page, sign_in, admin, worker):
    sign_in(page, admin)
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("link", name="Import history").click()
    choose(page, GOOD)
    expect(page.get_by_role("heading", level=1)).to_have_text("money-transfers.csv")
    page.get_by_role("button", name="Import 5,000 transactions").click()
    expect(page.get_by_text("5,000 transactions were imported")).to_be_visible(timeout=90_000)
    assert MoneyTransfer.objects.count() == 5_000


def test_a_file_that_is_no_table_is_refused_beside_the_field(page, sign_in, admin, tmp_path):
    picture = tmp_path / "transfers.xlsx"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 500)
    sign_in(page, admin)
    choose(page, picture)
    expect(page.get_by_role("alert")).to_contain_text("this is a picture, whatever its name")


def test_everything_works_without_scripts(open_context, sign_in, admin, asleep):
    page = open_context(java_script_enabled=False).new_page()
    sign_in(page, admin)
    choose(page, BAD)
    expect(page.get_by_text("It begins in a moment.")).to_be_visible()
    IMPORTS.work(ImportJob.objects.get().pk)
    page.get_by_role("link", name="See how far it is").click()
    page.get_by_label("Leave out the 12 wrong rows that are named below").check()
    page.get_by_role("button", name="Import 188 transactions").click()
    expect(page.get_by_role("button", name="Import 188 transactions")).to_be_hidden()
    IMPORTS.work(ImportJob.objects.get().pk)
    page.get_by_role("link", name="See how far it is").click()
    expect(page.get_by_text("188 transactions were imported")).to_be_visible()
