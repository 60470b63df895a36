"""A real Chromium on a live server, and a real Celery worker, all on the test database.

A missing browser fails these tests; FLIPDASH_SKIP_BROWSER=1 skips them instead.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from accounts.models import Member
from devtools.local.processes import stop
from devtools.throttled import FLAGS, chromium
from tests.workers import Worker, start_worker
from transactions.models import SimulatedPayout
from transactions.outgoing.orders import ORDERS
from transactions.rails.simulator import SIMULATED

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright's loop runs in the thread of the tests

HERE = Path(__file__).parent
PASSWORD = "kopi-susu-gula-aren-5"
REFUSED = ("status of 403", "status of 404", "status of 410")
OFFLINE = ("net::ERR_INTERNET_DISCONNECTED", "htmx:sendError", "htmx:afterRequest")
"""What a browser and htmx say where a test takes the connection away."""

expect.set_options(timeout=30_000)


@pytest.hookimpl(tryfirst=True)  # before pytest-django puts the tests that commit last
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db(transaction=True, databases=["default", "operator", "snapshot"]))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args) -> dict:
    path = chromium()
    if path is None and os.environ.get("FLIPDASH_SKIP_BROWSER") == "1":
        pytest.skip("There is no Chromium, and FLIPDASH_SKIP_BROWSER=1 says to go on without.")
    if path is None:
        pytest.fail(
            "There is no Chromium for the browser tests. Install one (apt-get install chromium), "
            "or set FLIPDASH_SKIP_BROWSER=1 to skip them.",
            pytrace=False,
        )
    return {**browser_type_launch_args, "executable_path": path, "args": FLAGS}


@pytest.fixture(scope="session")
def private_folder(tmp_path_factory) -> Path:
    """Where the live server and the worker keep files."""
    return tmp_path_factory.mktemp("flipdash-data")


@pytest.fixture(autouse=True)
def private_files(settings, private_folder) -> None:
    files = {**settings.STORAGES["default"], "OPTIONS": {"location": private_folder / "files"}}
    settings.STORAGES = {**settings.STORAGES, "default": files}


# --- Browsers ------------------------------------------------------------------------------------------------


@pytest.fixture
def open_context(browser: Browser, live_server) -> Iterator[Callable[..., BrowserContext]]:
    """Return what opens a browser context; at the end, none may have met an error or a breach of the CSP."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        is_own_page = message.page is not None and message.location["url"] == message.page.url
        is_refusal = is_own_page and any(words in message.text for words in REFUSED)
        if message.type == "error" and not is_refusal:
            complaints.append(f"{message.location['url']}: {message.text}")

    def open_one(**options) -> BrowserContext:
        context = browser.new_context(base_url=live_server.url, reduced_motion="reduce", **options)
        context.set_default_timeout(90_000)  # milliseconds; a busy machine is no failure
        context.on("console", note)
        context.on("weberror", lambda error: complaints.append(f"uncaught: {error.error}"))
        context.on("requestfailed", lambda request: complaints.append(f"failed: {request.url} {request.failure}"))
        contexts.append(context)
        return context

    yield open_one
    for context in contexts:
        context.close()
    left = ("ERR_ABORTED", "htmx:sendAbort")  # a page left while it asked for the tray or its sums
    assert [said for said in complaints if not any(words in said for words in (*left, *OFFLINE))] == []


@pytest.fixture
def page(open_context) -> Page:
    """One page of a wide window."""
    return open_context(viewport={"width": 1440, "height": 900}, accept_downloads=True).new_page()


@pytest.fixture
def sign_in() -> Callable[[Page, Member], None]:
    """Return what signs a member in by the form."""

    def by_the_form(page: Page, member: Member) -> None:
        if not member.user.has_usable_password():
            member.user.set_password(PASSWORD)
            member.user.save()
        page.goto("/sign-in/")
        page.get_by_label("Email").fill(member.user.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/money-transfers/")

    return by_the_form


@pytest.fixture
def sending() -> Iterator[None]:
    """Workers and the sweep, which in tests are a thread: nobody waits long for the simulated bank."""
    is_over = Event()

    def work() -> None:
        while not is_over.wait(0.2):
            ORDERS.sweep()
            while ORDERS.work():
                pass
            SimulatedPayout.objects.update(due_at=None)
            while SIMULATED.work():
                pass
        connections.close_all()

    thread = Thread(target=work)
    thread.start()
    yield
    is_over.set()
    thread.join()


# --- The worker ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="package")
def worker(django_db_setup, django_db_blocker, private_folder) -> Iterator[Worker]:
    """Run a worker on the test database, until the last browser test is over."""
    worker = start_worker("browser-tests", private_folder)
    yield worker
    stop(worker.child)
