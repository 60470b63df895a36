"""Which pages the site has, found by walking the URL resolver; and rows in every state to show on them.

What answers only with a query in its address (a form for one history, say) is reached by the links and forms of the
pages found before. What answers nothing this way is `silent`, and the tests that walk fail for it.
"""

from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from html.parser import HTMLParser
from random import Random
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import Resolver404, resolve
from django.utils import timezone

from accounts.models import Member
from accounts.permissions import Role
from developer.api import door
from documents.models import Report
from flipdash import backoffice, histories
from tests import factories
from tests.test_permissions import UNKNOWN_KEYS, Route, routes, rows_of
from transactions.models import RefundStatus

NO_PAGE = {301, 302, 405}
"""What answers a GET with a way to elsewhere, or with "not by GET"."""
LONG = "Raden Mas Panji Surya Adiningrat Kusumowardhani Sastrowijoyo bin Haji Abdurrahman Wahid Al-Bantani"

DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNgYGAAAAAEAAH2FzhVAAAAAElFTkSuQmCC"
"""A picture."""

PARTS = ("/views/count/?history=money-transfers", "/views/sums/?history=money-transfers")
"""Parts of pages that scripts ask for in some cases only, with what they need to answer."""

Ask = Callable[[str], tuple[int, str, str]]
"""Opens an address: the status, the type of the content, and the content."""


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

    ask: Ask
    pages: dict[str, str] = field(default_factory=dict)
    """The address by the route."""
    silent: dict[str, str] = field(default_factory=dict)
    """Routes that answered neither a page nor anything else that a GET may answer."""
    ways: list[str] = field(default_factory=list)

    def visit(self, pattern: str, address: str) -> None:
        """Ask once, and note what it is."""
        status, kind, text = self.ask(address)
        self.silent.pop(pattern, None)
        if status == 200 and "text/html" in kind and "<html" in text:
            self.pages[pattern] = address
            parser = Ways()
            parser.feed(text)
            self.ways += [urljoin(address, way) for way in parser.found]
        elif status != 200 and status not in NO_PAGE:
            self.silent[pattern] = f"{address} answered {status}"

    def follow(self) -> None:
        """Reach the silent routes by the ways that the pages offer."""
        for way in (*self.ways, *PARTS):
            try:
                pattern = resolve(urlsplit(way).path).route
            except Resolver404:
                continue
            if pattern in self.silent and not urlsplit(way).netloc:
                self.visit(pattern, way)


def is_beyond(route: Route) -> bool:
    """Whether no member can open it so: the operator's back office, the API, and what opens by a secret from a mail."""
    return route.mark in (backoffice.MARK, door.MARK) or any(part in route.pattern for part in UNKNOWN_KEYS)


def survey(ask: Ask, ids: dict[str, str], wanted: Callable[[Route], bool] = lambda route: True) -> Survey:
    """Visit each route that is wanted."""
    found = Survey(ask)
    for route in routes():
        if wanted(route) and not is_beyond(route):
            found.visit(route.pattern, route.path(ids))
    found.follow()
    return found


def make_rows(member: Member) -> dict[str, str]:
    """Make rows of each kind, in each state, with texts that are too long; say where their ids go in an address."""
    business = member.business
    for name, make in factories.MAKERS.items():
        for status in histories.get(name).summary.labels.values:
            factories.make_varied(name, business, Random(status))
            make(business, status=status, events=True)
    factories.make_transfer(business, beneficiary_name=LONG, remark=LONG[:18], returned_at=timezone.now())
    factories.make_payment(business, title=LONG, sender_name=LONG)
    for status in RefundStatus.values:
        factories.make_refund(business, status=status, events=True, beneficiary_name=LONG, cause=LONG * 2)
    business.logo = default_storage.save("walk/logo.png", ContentFile(b64decode(DOT)))
    business.save(update_fields=["logo"])
    make_reports(member)
    for month, status in enumerate(("queued", "stamping", "failed", "none", "issued"), start=1):
        stored = default_storage.save("walk/invoice.pdf", ContentFile(b"%PDF-"))
        files = {"stored_as": stored, "sheet_stored_as": stored}
        factories.make_invoice(member.business, status=status, period=date(2026, month, 1), **files)
    for number in range(3):
        factories.make_view(member, f"{LONG[:50]} {number}", roles=[Role.MAKER] if number else [])
    return rows_of(member, "live")


OF_STATEMENT = {
    **{"stored_as": "x", "size": 812_345, "sha256": "0" * 64, "file_name": f"{LONG}.pdf", "expires_at": timezone.now()},
    **{"opening": 1_000_417, "closing": 885_417, "rows_done": 4, "rows_total": 4},
}


def make_reports(member: Member) -> None:
    """One report and one statement in each state."""
    ready = {"stored_as": "x", "size": 812_345, "file_name": f"{LONG}.xls", "expires_at": timezone.now()}
    for status in Report.Status.values:
        factories.make_statement(member, status=status, **(OF_STATEMENT if status == "ready" else {}))
        more: dict[str, Any] = (
            {"rows_done": 500, "rows_total": 900} if status == "running" else ready if status == "ready" else {}
        )
        factories.make_report(member, status=status, seen_at=timezone.now(), **more)
