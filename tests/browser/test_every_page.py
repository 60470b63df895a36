"""Every page that the site routes, without being named: axe, keyboard, one h1, names, and no scripts.

The pages are found by walking the URL resolver as an Admin and as nobody (tests/walk.py). A route that answers
nothing this way fails, so that a new page is looked at or the walk says that it can't.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.shortcuts import render
from django.test import RequestFactory
from django.utils import timezone
from playwright.sync_api import Page

from imports.models import ImportJob
from imports.services import IMPORTS
from tests import factories
from tests.browser.looking import NEEDS_SCRIPTS, RINGS, focus_problems, outline_problems, problems_of
from tests.walk import Ask, make_rows, survey

pytestmark = pytest.mark.usefixtures("asleep")
TEMPLATES = settings.BASE_DIR / "templates"
BAD_FILE = Path(__file__).parent.parent / "data" / "money-transfers-bad.csv"
SAMPLES = "styleguide/"
"""Shows buttons for their looks alone, which nothing has to answer."""


# --- What is on them -------------------------------------------------------------------------------------------


def asking(page: Page) -> Ask:
    """Open addresses with the page's own session."""

    def ask(address: str) -> tuple[int, str, str]:
        answer = page.context.request.get(address, max_redirects=0)
        kind = answer.headers.get("content-type", "")
        return answer.status, kind, answer.text() if "text/html" in kind else ""

    return ask


UNKNOWN_FILE = {
    "name": "lama.csv",
    "mimeType": "text/csv",
    "buffer": b"Nomor;Keadaan;Ke bank;Rek;Nama;Besarnya;Biaya;Pembuat;Lewat;Waktu;Beres\n"
    + b"1;Berhasil;BCA;001;Siti;5000;0;Ratna;API;03/04/2025;03/04/2025\n",
}
"""Of a header that nobody knows, with dates that can be read both ways."""


def make_imports(page: Page, member) -> Iterator[str]:
    """Make an import in each state, the preview by a real file; yield their addresses."""
    page.goto("/settings/import-history/")
    page.locator("input[type=radio]").first.check()
    page.locator("input[type=file]").set_input_files(BAD_FILE)
    page.locator("main form button").click()
    page.wait_for_url("**/settings/import-history/*/")
    preview = ImportJob.objects.latest("pk")
    IMPORTS.work(preview.pk)
    yield f"/settings/import-history/{preview.number}/"
    yield f"/settings/import-history/{preview.number}/columns/"
    page.goto("/settings/import-history/")
    page.locator("input[type=radio]").first.check()
    page.locator("input[type=file]").set_input_files(UNKNOWN_FILE)
    page.locator("main form button").click()
    page.wait_for_url("**/settings/import-history/*/")
    unknown = ImportJob.objects.latest("pk")
    IMPORTS.work(unknown.pk)
    yield f"/settings/import-history/{unknown.number}/"
    counts = {"rows_done": 40, "rows_total": 90, "read": 90, "good": 80}
    for number, status in enumerate(("queued", "checking", "importing", "done", "failed", "cancelled"), start=90_001):
        made = {"number": number, "status": status, "stored_as": "x", "confirmed_by": member, **counts}
        job = factories.make_import(member, **made)
        yield f"/settings/import-history/{job.number}/"
    made = {"number": 90_011, "status": "done", "stored_as": "x", "confirmed_by": member, "added": 80, **counts}
    factories.make_import(member, finished_at=timezone.now(), **made)
    yield from ("/settings/import-history/90011/", "/settings/import-history/90011/undo/")


STATES = [
    "/money-transfers/?q=nobodyatall",
    "/money-transfers/?q=gayo&status=failed&via=api&date_from=2020-01-01&date_to=2020-01-01",
    "/money-transfers/?date_from=yesterday&status=gone",
    "/money-transfers/?status=failed&columns=amount&columns=approver_name&columns=id",
    "/payments/?q=Raden",
    "/documents/schedules/new/?history=money-transfers&query=status%3Dfailed",
    "/international-transfers/create/?country=JP&kind=C2C",
    "/international-transfers/create/?country=MY&kind=B2B",
    "/international-transfers/create/?country=LV&kind=B2B",
    "/test/money-transfers/",
    "/nowhere/",
]
"""Addresses whose page looks different: nothing found, hidden by the filters, wrong, own columns, long texts, Test
Mode with nothing in it, and nothing at all."""

OPENED = {
    "/money-transfers/?status=failed": [
        "Filter",
        "Columns",
        "Views",
        "Reports",
        "Account menu",
        "Create Report",
        "?",
        "Control+k",
    ],
    "/payments/": ["Filter"],
}
"""What opens on a page, each looked at while it is open."""


def opened(page: Page) -> Iterator[str]:
    """Open one thing after the other; yield what is open."""
    for address, names in OPENED.items():
        for name in names:
            page.goto(address)
            if name in {"?", "Control+k"}:
                page.keyboard.press(name)
            elif name == "Create Report":
                page.get_by_role("button", name=name).click()
            elif name == "Account menu":
                page.locator("summary[aria-label='Account menu']").click()
            else:
                page.locator("header summary, .toolbar summary", has_text=name).click()
            yield f"{address} with {name} open"


def error_pages(page: Page) -> Iterator[str]:
    """Show each error page as Django answers it, on the site's own address so that its style sheet is there."""
    request = RequestFactory().get("/")
    request.user, request.scope = AnonymousUser(), None
    names = [path.name for path in TEMPLATES.glob("[45]*.html") if path.name != "403.html"]
    for name in sorted([*names, "accounts/no_business.html"]):
        html = render(request, name).content.decode()
        page.route("**/-/error/", lambda route, _request, html=html: route.fulfill(body=html, content_type="text/html"))
        page.goto("/-/error/")
        yield name
        page.unroute("**/-/error/")


# --- With scripts ------------------------------------------------------------------------------------------------


def look(page: Page, name: str) -> list[str]:
    """Return what is wrong with the page that is open."""
    found = [*problems_of(page), *outline_problems(page), *focus_problems(page)]
    return [f"{name}: {problem}" for problem in found]


def test_every_page_is_fit_for_everybody(open_context, page, sign_in, admin, customer_service):
    """Axe finds nothing, nothing is wider than a phone, one h1, names, and a focus that shows."""
    sign_in(page, admin)
    ids = make_rows(admin)  # among them a passkey, which the next sign-in would ask for
    inside = survey(asking(page), ids)
    signed_out = open_context(viewport=page.viewport_size).new_page()
    outside = survey(asking(signed_out), ids, lambda route: route.mark == "public")
    assert {**inside.silent, **outside.silent} == {}, "no page leads to these with an address that they answer"
    wrong = []
    for address in [*inside.pages.values(), *STATES, *make_imports(page, admin)]:
        page.goto(address)
        wrong += look(page, address)
    for name in opened(page):
        wrong += [f"{name}: {problem}" for problem in problems_of(page)]
    for address in outside.pages.values():
        if address not in inside.pages.values():
            signed_out.goto(address)
            wrong += look(signed_out, address)
    for name in error_pages(signed_out):
        wrong += look(signed_out, name)
    refused = open_context(viewport=page.viewport_size).new_page()
    sign_in(refused, customer_service)
    refused.goto("/documents/reports/")
    wrong += look(refused, "403")
    print(f"\n{len(inside.pages)} pages inside, {len(outside.pages)} outside")
    assert wrong == []


# --- Without scripts ---------------------------------------------------------------------------------------------


def test_every_page_is_whole_without_scripts(open_context, sign_in, admin):
    """The same heading as with scripts, no control that needs them, and every form can be sent."""
    size = {"width": 1440, "height": 900}
    with_scripts, without = (open_context(viewport=size, java_script_enabled=on).new_page() for on in (True, False))
    wrong = []
    for page in (with_scripts, without):
        sign_in(page, admin)
    inside = survey(asking(without), make_rows(admin))
    with_scripts.context.add_cookies(without.context.cookies())  # some pages go on from what another was asked
    for pattern, address in inside.pages.items():
        answer = without.goto(address)
        with_scripts.goto(address)
        headings = [page.locator("h1").inner_text() for page in (without, with_scripts)]
        if answer.status != 200 or headings[0] != headings[1]:
            wrong.append(f"{address}: {answer.status}, {headings}")
        if not pattern.startswith(SAMPLES):
            wrong += [f"{address}: {problem}" for problem in without.evaluate(NEEDS_SCRIPTS)]
    assert wrong == []


# --- Whether all this would notice -------------------------------------------------------------------------------

BAD = """
<!DOCTYPE html><html lang="en"><head><title>Bad</title>
<style>.no-ring:focus { outline: none } .pale { color: #ccc; background: #fff } .wide { width: 2000px }</style></head>
<body><main id="main"><h1>One</h1><h1>Two</h1><p class="pale">Pale</p><div class="wide">Wide</div>
<input type="text"><button type="button" class="no-ring">Only with scripts</button>
<form action="/x"><input name="q" aria-label="Search"></form></main></body></html>
"""


@pytest.mark.parametrize(
    ("looked", "said"),
    [
        (problems_of, "1440 px, dark: color-contrast"),
        (problems_of, "390 px: the page scrolls sideways"),
        (problems_of, "390 px, light: label"),
        (outline_problems, "2 h1"),
        (outline_problems, "no name: <input"),
        (focus_problems, "the first Tab does not offer"),
        (lambda page: page.evaluate(RINGS), "no ring: <button"),
        (lambda page: page.evaluate(NEEDS_SCRIPTS), "needs scripts: <button"),
        (lambda page: page.evaluate(NEEDS_SCRIPTS), "cannot be sent: <form"),
    ],
)
def test_what_is_wrong_with_a_page_is_noticed(page, looked, said):
    page.set_content(BAD)
    if looked is not problems_of:
        list(problems_of(page, widths=(1440,)))
    assert any(said in problem for problem in looked(page)), said
