"""Invoices taken home: a Reviewer picks a period and downloads what was issued, byte for byte; others may not."""

import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
from playwright.sync_api import expect

from accounts.permissions import Role
from tests.browser.looking import problems_of
from tests.documents.invoices.conftest import billed, issue_all, live  # noqa: F401  (a fixture)


@pytest.fixture
def issued(billed):  # noqa: F811  (the fixture)
    issue_all()
    return live(billed)


def test_a_reviewer_picks_a_period_and_downloads_what_was_issued(page, sign_in, issued, people, tmp_path):
    september, october = issued
    sign_in(page, people[Role.REVIEWER])
    page.get_by_role("link", name="Document").click()
    expect(page.get_by_role("heading", name="Invoices", level=1)).to_be_visible()
    page.get_by_label("From month").select_option("2026-10")
    page.get_by_label("To month").select_option("2026-10")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("link", name=october.number, exact=True)).to_be_visible()
    expect(page.get_by_role("link", name=september.number, exact=True)).to_have_count(0)
    assert [*problems_of(page)] == []
    with page.expect_download() as taken:
        page.get_by_role("link", name=f"Download Invoice {october.number}").click()
    assert taken.value.suggested_filename == "INV-2026-10-000002.pdf"
    assert sha256(Path(taken.value.path()).read_bytes()).hexdigest() == october.sha256

    page.get_by_role("link", name="Show all").click()
    with page.expect_download() as taken:
        page.get_by_role("link", name="Download as .zip").click()
    with zipfile.ZipFile(taken.value.path()) as archive:
        found = {name: sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
    assert found == {one.file_name: one.sha256 for one in issued}

    page.get_by_role("link", name=october.number, exact=True).click()
    expect(page.get_by_text("Paid from deposit. Do not pay again.")).to_be_visible()
    expect(page.get_by_role("region", name="The transactions behind the total").get_by_role("link")).to_have_count(4)
    with page.expect_download() as taken:
        page.get_by_role("link", name="Transactions (.xlsx)").click()
    assert sha256(Path(taken.value.path()).read_bytes()).hexdigest() == october.sheet_sha256
    assert [*problems_of(page)] == []


def test_customer_service_finds_no_invoices(page, sign_in, issued, people):
    sign_in(page, people[Role.CUSTOMER_SERVICE])
    expect(page.get_by_role("link", name="Document")).to_have_count(0)
    for address in ("/documents/invoices/", f"/documents/invoices/{issued[0].pk}/file/"):
        assert page.request.get(address).status == 403
