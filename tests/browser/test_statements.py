"""Statements of the deposit, taken home: a Reviewer asks for one, watches it being made, and has it as it was made."""

from hashlib import sha256
from pathlib import Path

from playwright.sync_api import expect

from accounts.permissions import Role
from documents.models import Statement
from flipdash import rls
from tests import factories
from tests.browser.looking import problems_of
from tests.documents.statements.conftest import at, moved, old, scope  # noqa: F401  (fixtures)


def test_a_reviewer_asks_for_a_month_and_downloads_what_was_made(page, sign_in, moved, scope, kopi_kita, worker):  # noqa: F811  (fixtures)
    sign_in(page, factories.make_member(kopi_kita, Role.REVIEWER))
    page.goto("/documents/statements/")
    page.get_by_label("Month").select_option("2026-03")
    page.get_by_role("radio", name="MT940").check()
    assert [*problems_of(page)] == []
    page.get_by_role("button", name="Create statement").click()
    expect(page.get_by_text("Statement S000001 is being made.")).to_be_visible()
    listed = page.get_by_role("list", name="Statements")
    expect(listed).to_contain_text("From Rp1,000,417 to Rp885,417")  # without a new page
    with rls.inside(scope):
        made = Statement.objects.visible_to(scope).get()
    expect(listed).to_contain_text(made.sha256)
    assert [*problems_of(page)] == []
    with page.expect_download() as taken:
        page.get_by_role("link", name="Download S000001").click()
    assert taken.value.suggested_filename == made.file_name
    assert sha256(Path(taken.value.path()).read_bytes()).hexdigest() == made.sha256


def test_customer_service_finds_no_statements(page, sign_in, people):
    sign_in(page, people[Role.CUSTOMER_SERVICE])
    assert page.goto("/documents/statements/").status == 403
