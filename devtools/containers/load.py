"""Clients that read one page after the other while something happens: how many, how fast, and what failed."""

import contextlib
import re
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPException

from devtools.containers.browser import Answer, Browser
from devtools.containers.deployment import SERVING, Deployment
from devtools.containers.walk import EMAIL, NAME, PASSWORD, is_well, sure
from devtools.local.processes import say, wait_until

PAGES = (
    "/money-transfers/",
    "/money-transfers/?q=budi",
    "/money-transfers/?status=failed",
    "/",
    "/documents/reports/",
    "/deposit/history/",
    "/members/",
    "/my-profile/sessions/",
)
FORM, FORM_EVERY = "/my-profile/", 10
"""After how many steps a client sends a form: what a proxy, unlike a page, may never ask for twice."""
STYLES = re.compile(r'"(/static/[^"]+\.css)"')
THINKING = 0.1
"""Seconds between an answer and the next question."""
GROWTH = 1.25
"""How much more memory a service may hold at the end than once it was warm, beside what reading itself takes."""
SPARE = 40  # MiB
MARK = "the walk was here"
LOOKS = 0, 0.3, 0.65, 1
"""When memory is looked at, as shares of the time; at the second look everything is warm."""


@dataclass
class Readings:
    """What clients got."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    forms: int = 0
    longest: tuple[float, str] = (0, "")
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, path: str, act: Callable[[], Answer], *, is_form: bool = False) -> str:
        """Ask for something, and note what came of it; returns the page, nothing if none came."""
        began = time.strftime("%H:%M:%S")
        try:
            answer = act()
        except (OSError, HTTPException, LookupError) as problem:
            with self.lock:
                self.failures.append(f"{began} {path}: {problem}")
            return ""
        with self.lock:
            self.seconds.append(answer.seconds)
            self.statuses[answer.status] += 1
            self.forms += is_form
            self.longest = max(self.longest, (answer.seconds, f"{path} at {began}"))
            if answer.status != 200:
                self.failures.append(f"{began} {path}: {answer.status} {answer.text[:100]}")
        return answer.text

    def __str__(self) -> str:
        took = sorted(self.seconds)
        p95 = took[int(len(took) * 0.95)]
        counted = ", ".join(f"{n} × {status}" for status, n in sorted(self.statuses.items()))
        longest, which = self.longest
        times = f"median {statistics.median(took) * 1_000:.0f} ms, p95 {p95 * 1_000:.0f} ms"
        return f"{counted}, {self.forms} of them forms; {times}, longest {longest:.1f} s ({which})"


def read(deployment: Deployment, clients: int, seconds: float) -> str:
    """Let clients read for so long: nothing fails, and no service's memory grows."""
    held: list[dict[str, float]] = []
    with reading(deployment, clients) as got:
        began = time.monotonic()
        for share in LOOKS:
            time.sleep(max(0, began + seconds * share - time.monotonic()))
            held.append(deployment.memory())
    check(got)
    _first, warm, *_others, last = held
    for name, now in last.items():
        sure(now < warm[name] * GROWTH + SPARE, f"{name} held {warm[name]:.0f} MiB and then {now:.0f}")
    told = (f"{name} {'→'.join(f'{look.get(name, 0):.0f}' for look in held)}" for name in sorted(last))
    return f"{got}; MiB: {', '.join(told)}"


def upgrade(deployment: Deployment, clients: int) -> str:
    """Bring a new version with a migration by bin/upgrade, while clients read: none of them notices."""
    _change(deployment)
    got = _during(deployment, clients, "upgrade", str(deployment.home.parent / "backups"))
    sure(MARK in deployment.browser().open("/sign-in/").text, "the old version still serves")
    applied = deployment.ask("SELECT count(*) FROM django_migrations WHERE name = '0099_walk'")
    sure(applied == "1", "the migration wasn't applied")
    return str(got)


def back(deployment: Deployment, clients: int) -> str:
    """Go back to the version of before, on the database that the new one has made, and nobody notices either."""
    got = _during(deployment, clients, "upgrade", "--back")
    sure(MARK not in deployment.browser().open("/sign-in/").text, "the new version still serves")
    return str(got)


def _during(deployment: Deployment, clients: int, *script: str) -> Readings:
    """Let clients read while one of bin/ puts another version in the place of each service."""
    before = deployment.containers()
    with reading(deployment, clients) as got:
        deployment.script(*script)
        time.sleep(3)
    check(got)
    after = deployment.containers()
    same = [name for name in SERVING if before[name]["ID"] == after[name]["ID"]]
    sure(not same, f"{', '.join(same)} are those of before")
    wait_until(lambda: is_well(deployment), seconds=60, what="The other version")
    return got


def _change(deployment: Deployment) -> None:
    """Make a new version of the copy: another sign-in page, other styles, and a migration that takes a while."""
    with (deployment.home / "static" / "css" / "base.css").open("a") as styles:
        styles.write("\n.the-walk {\n  order: 1;\n}\n")
    page = deployment.home / "templates" / "account" / "login.html"
    page.write_text(page.read_text().replace("{% block content %}", f"{{% block content %}}<!-- {MARK} -->", 1))
    migrations = deployment.home / "flipdash" / "migrations"
    last = max(path.stem for path in migrations.glob("0*.py"))
    (migrations / "0099_walk.py").write_text(
        "from django.db import migrations\n\n\n"
        "class Migration(migrations.Migration):\n"
        f'    dependencies = [("flipdash", "{last}")]\n'
        '    operations = [migrations.RunSQL("SELECT pg_sleep(5)", "SELECT 1")]\n'
    )


def check(got: Readings) -> None:
    """Raise LocalError if one request failed."""
    sure(not got.failures, f"{len(got.failures)} requests failed, such as {got.failures[:3]}")
    sure(len(got.seconds) > 20 and got.forms, f"only {len(got.seconds)} pages came, and {got.forms} forms")


@contextlib.contextmanager
def reading(deployment: Deployment, clients: int) -> Iterator[Readings]:
    """Have clients sign in, and read until the end."""
    got, over = Readings(), threading.Event()
    browsers = []
    for _number in range(clients):
        browser = deployment.browser()
        answer = browser.submit("/sign-in/", login=EMAIL, password=PASSWORD)
        sure("/sign-in/" not in answer.url, f"signing in led to {answer.url} ({answer.status})")
        browsers.append(browser)

    theirs = [(browser, place, got, over) for place, browser in enumerate(browsers)]
    threads = [threading.Thread(target=_read, args=given) for given in theirs]
    for thread in threads:
        thread.start()
    try:
        yield got
    finally:
        over.set()
        for thread in threads:
            thread.join()
        if got.failures:
            say("\n".join(got.failures[:10]))


def _read(browser: Browser, place: int, got: Readings, over: threading.Event) -> None:
    """Read one page after the other, and styles that a browser hasn't met yet; now and then send a form."""
    held: set[str] = set()
    while not over.wait(THINKING):
        place += 1
        if place % FORM_EVERY:
            path = PAGES[place % len(PAGES)]
            page = got.note(path, partial(browser.open, path))
        else:
            page = got.note(FORM, partial(browser.submit, FORM, name=NAME), is_form=True)
        for path in set(STYLES.findall(page)) - held:
            held.add(path)
            got.note(path, partial(browser.open, path))
