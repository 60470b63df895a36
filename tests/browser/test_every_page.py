"""Every page that the site routes, without being named: axe, keyboard, one h1, names, and no scripts.

The pages are found by walking the URL resolver as an Admin and as nobody. What answers only with a query in its
address (a form for one history, say) is reached by the links and forms of the pages found before. A route that
answers nothing this way fails, so that a new page is looked at or the walk says that it can't.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.shortcuts import render
from django.test import RequestFactory
from django.urls import Resolver404, resolve
from django.utils import timezone
from playwright.sync_api import APIRequestContext, Page

from accounts.permissions import Role
from documents.models import Report
from imports import services as imports
from imports import tasks
from imports.models import ImportJob
from tests import factories
from tests.browser.looking import NEEDS_SCRIPTS, focus_problems, outline_problems, problems_of
from tests.test_permissions import Route, routes, rows_of

TEMPLATES = settings.BASE_DIR / "templates"
BAD_FILE = Path(__file__).parent.parent / "data" / "money-transfers-bad.csv"
NO_PAGE = {301, 302, 405}
"""What answers a GET with a way to elsewhere, or with "not by GET"."""
SAMPLES = "styleguide/"
"""Shows buttons for their looks alone, which nothing has to answer."""
LONG = "Raden Mas Panji Surya Adiningrat Kusumowardhani Sastrowijoyo bin Haji Abdurrahman Wahid Al-Bantani"


# --- Which pages there are -----------------------------------------------------------------------------------


class Ways(HTMLParser):
    """Collects the addresses that a page leads to: links, and those of forms with what they hold unseen.

    Where a wrong form is shown again the same address answers a GET too, with the same fields.
    """

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.form: tuple[str, list[tuple[str, str]]] | None = None

    def handle_starttag(self, tag: str, attrs: list) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in given:
            self.found.append(given["href"])
        elif tag == "form":
            self.form = (given.get("action", ""), [])
        elif tag == "input" and self.form and given.get("type") == "hidden" and given["name"] != "csrfmiddlewaretoken":
            self.form[1].append((given["name"], given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self.form:
            action, fields = self.form
            self.found.append(f"{action}?{urlencode(fields)}")
            self.form = None


@dataclass
class Survey:
    """The pages that one person can open."""

    ask: APIRequestContext
    pages: dict[str, str] = field(default_factory=dict)
    """The address by the route."""
    silent: dict[str, str] = field(default_factory=dict)
    """Routes that answered neither a page nor anything else that a GET may answer."""
    ways: list[str] = field(default_factory=list)

    def visit(self, pattern: str, address: str) -> None:
        """Ask once, and note what it is."""
        answer = self.ask.get(address, max_redirects=0)
        text = answer.text() if "text/html" in answer.headers.get("content-type", "") else ""
        self.silent.pop(pattern, None)
        if answer.status == 200 and "<html" in text:
            self.pages[pattern] = address
            parser = Ways()
            parser.feed(text)
            self.ways += [urljoin(address, way) for way in parser.found]
        elif answer.status != 200 and answer.status not in NO_PAGE:
            self.silent[pattern] = f"{address} answered {answer.status}"

    def follow(self) -> None:
        """Reach the silent routes by the ways that the pages offer."""
        for way in self.ways:
            try:
                pattern = resolve(urlsplit(way).path).route
            except Resolver404:
                continue
            if pattern in self.silent and not urlsplit(way).netloc:
                self.visit(pattern, way)


def survey(ask: APIRequestContext, ids: dict[str, str], wanted: Callable[[Route], bool]) -> Survey:
    """Visit each route that is wanted."""
    found = Survey(ask)
    for route in routes():
        if wanted(route):
            found.visit(route.pattern, route.path(ids))
    found.follow()
    return found


# --- What is on them -------------------------------------------------------------------------------------------


@pytest.fixture
def ids(admin, kopi_kita, monkeypatch) -> dict[str, str]:
    """Rows of each kind, in each state, with texts that are too long; and where their ids go in an address."""
    monkeypatch.setattr(tasks, "wake", lambda job_id: None)
    for name, make in factories.MAKERS.items():
        for status in factories.histories.get(name).summary.labels.values:
            factories.make_varied(name, kopi_kita, factories.Random(status))
            make(kopi_kita, status=status, events=True)
    factories.make_transfer(kopi_kita, beneficiary_name=LONG, remark=LONG[:18], returned_at=timezone.now())
    factories.make_payment(kopi_kita, title=LONG, sender_name=LONG)
    make_reports(admin)
    for number in range(3):
        factories.make_view(admin, f"{LONG[:50]} {number}", roles=[Role.MAKER] if number else [])
    return rows_of(admin, "live")


def make_reports(member) -> None:
    """One report in each state."""
    ready = {"stored_as": "x", "size": 812_345, "file_name": f"{LONG}.xls", "expires_at": timezone.now()}
    for status in Report.Status.values:
        more = {"rows_done": 500, "rows_total": 900} if status == "running" else ready if status == "ready" else {}
        factories.make_report(member, status=status, seen_at=timezone.now(), **more)


def make_imports(page: Page, member) -> Iterator[str]:
    """Make an import in each state, the preview by a real file; yield their addresses."""
    page.goto("/settings/import-history/")
    page.locator("input[type=radio]").first.check()
    page.locator("input[type=file]").set_input_files(BAD_FILE)
    page.locator("main form button").click()
    page.wait_for_url("**/settings/import-history/*/")
    preview = ImportJob.objects.latest("pk")
    imports.run(preview.pk)
    yield f"/settings/import-history/{preview.number}/"
    counts = {"rows_done": 40, "rows_total": 90, "read": 90, "good": 80}
    for number, status in enumerate(("queued", "checking", "importing", "done", "failed", "cancelled"), start=90_001):
        made = {"number": number, "status": status, "stored_as": "x", "confirmed_by": member, **counts}
        job = factories.make_import(member, **made)
        yield f"/settings/import-history/{job.number}/"


STATES = [
    "/money-transfers/?q=nobodyatall",
    "/money-transfers/?q=gayo&status=failed&via=api&date_from=2020-01-01&date_to=2020-01-01",
    "/money-transfers/?date_from=yesterday&status=gone",
    "/money-transfers/?status=failed&columns=amount&columns=approved_by&columns=id",
    "/payments/?q=Raden",
    "/test/money-transfers/",
    "/nowhere/",
]
"""Addresses whose page looks different: nothing found, hidden by the filters, wrong, own columns, long texts, Test
Mode with nothing in it, and nothing at all."""

OPENED = {
    "/money-transfers/?status=failed": ["Filter", "Columns", "Views", "Reports", "Account menu", "Create Report", "?"],
    "/payments/": ["Filter"],
}
"""What opens on a page, each looked at while it is open."""


def opened(page: Page) -> Iterator[str]:
    """Open one thing after the other; yield what is open."""
    for address, names in OPENED.items():
        for name in names:
            page.goto(address)
            if name == "?":
                page.keyboard.press("?")
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


def test_every_page_is_fit_for_everybody(open_context, page, sign_in, admin, customer_service, ids):
    """Axe finds nothing, nothing is wider than a phone, one h1, names, and a focus that shows."""
    sign_in(page, admin)
    inside = survey(page.context.request, ids, lambda route: True)
    signed_out = open_context(viewport=page.viewport_size).new_page()
    outside = survey(signed_out.context.request, ids, lambda route: route.mark == "public")
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


def test_every_page_is_whole_without_scripts(open_context, sign_in, admin, ids):
    """The same heading as with scripts, no control that needs them, and every form can be sent."""
    size = {"width": 1440, "height": 900}
    with_scripts, without = (open_context(viewport=size, java_script_enabled=on).new_page() for on in (True, False))
    wrong = []
    for page in (with_scripts, without):
        sign_in(page, admin)
    inside = survey(without.context.request, ids, lambda route: True)
    for pattern, address in inside.pages.items():
        answer = without.goto(address)
        with_scripts.goto(address)
        headings = [page.locator("h1").inner_text() for page in (without, with_scripts)]
        if answer.status != 200 or headings[0] != headings[1]:
            wrong.append(f"{address}: {answer.status}, {headings}")
        if not pattern.startswith(SAMPLES):
            wrong += [f"{address}: {problem}" for problem in without.evaluate(NEEDS_SCRIPTS)]
    assert wrong == []
