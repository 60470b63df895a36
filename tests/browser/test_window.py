"""A history fits the window: toolbar, headings and pager stay in sight, and only the table scrolls."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests import factories

FITS = "document.scrollingElement.scrollHeight <= window.innerHeight"


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1366, 768), (900, 1000)])
@pytest.mark.parametrize("name", factories.MAKERS)
def test_a_full_page_of_rows_scrolls_inside_its_table_alone(
    open_context, sign_in, admin, kopi_kita, name, width, height
):
    for row in range(60):
        factories.MAKERS[name](kopi_kita, created_at=timezone.now() - timedelta(minutes=row))
    page = open_context(viewport={"width": width, "height": height}).new_page()
    sign_in(page, admin)
    page.goto(f"/{name}/")

    assert page.evaluate(FITS)
    heading = page.get_by_role("columnheader").first
    for part in (page.get_by_role("searchbox", name="Search"), heading, page.get_by_role("link", name="Older")):
        expect(part).to_be_in_viewport(ratio=1)

    page.locator("tbody tr").first.hover()
    page.mouse.wheel(0, 4000)
    expect(page.locator("tbody tr").last).to_be_in_viewport()
    assert page.evaluate("window.scrollY") == 0
    for part in (page.get_by_role("searchbox", name="Search"), heading, page.get_by_role("link", name="Older")):
        expect(part).to_be_in_viewport(ratio=1)
