"""A history, and the public payment page, to somebody with a middling phone: throttled 4G, a quarter of the CPU,
nothing in the cache.

The web server is gunicorn as bin/web starts it, with the files that collectstatic makes; the browser is this machine's
Chromium. Beside it stand the limits; a machine without Chromium says so and measures nothing.
"""

import os
import statistics
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import sync_playwright

from bench.measure import Line
from bench.rows import BIG
from bench.subject import Bench
from bench.together import PORT, start_web
from devtools.throttled import FLAGS, MOST_FIRST, MOST_KB, MOST_LARGEST, MOST_REQUESTS, FirstView, chromium, first_view

ROUNDS = 7
PUBLIC = "The public payment page"
MANAGE = Path(__file__).resolve().parents[1] / "manage.py"


def lines(bench: Bench) -> list[Line]:
    """Measure the first page of the largest business, and take the median of each figure."""
    browser = chromium()
    if browser is None:
        return [Line("", "A history in Chromium: there is none on this machine", "", "")]
    site = f"http://127.0.0.1:{PORT}"
    cookies = [{"name": one.key, "value": one.value, "url": site} for one in bench.client(BIG).cookies.values()]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        built = {"BENCH_STATIC": str(folder / "static")}
        _collect(built)
        start_web(folder, stack, **built)
        seen = _views(browser, site, "/money-transfers/", cookies=cookies, viewport={"width": 1440, "height": 900})
        phone: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "device_scale_factor": 2}
        public = _views(browser, site, f"/pay/{bench.link().slug}/", **phone)
    return [
        _line("requests", [view.requests for view in seen], "", MOST_REQUESTS),
        _line("sent, compressed, without the font", [view.kilobytes for view in seen], " kB", MOST_KB),
        _line("first contentful paint", [view.first_paint for view in seen], " s", MOST_FIRST),
        _line("largest contentful paint", [view.largest_paint for view in seen], " s", MOST_LARGEST),
        _line("requests", [view.requests for view in public], "", MOST_REQUESTS, PUBLIC),
        _line("sent, compressed, no font", [view.kilobytes for view in public], " kB", MOST_KB, PUBLIC),
        _line("first contentful paint", [view.first_paint for view in public], " s", MOST_FIRST, PUBLIC),
        _line("largest contentful paint", [view.largest_paint for view in public], " s", MOST_LARGEST, PUBLIC),
    ]


def _collect(built: dict[str, str]) -> None:
    command = [sys.executable, str(MANAGE), "collectstatic", "--no-input", "--verbosity=0"]
    subprocess.run(command, env={**os.environ, **built}, check=True, stderr=subprocess.DEVNULL)  # fontTools talks


def _views(browser: str, site: str, path: str, *, cookies: list[Any] | None = None, **options: Any) -> list[FirstView]:
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=browser, args=FLAGS)
        seen = []
        for _round in range(ROUNDS + 1):
            context = chrome.new_context(base_url=site, **options)
            context.add_cookies(cookies or [])
            seen.append(first_view(context.new_page(), path))
            context.close()
        chrome.close()
    return seen[1:]  # what a process makes once isn't the page's


def _line(what: str, figures: list[float], unit: str, most: float, page: str = "A history") -> Line:
    figure = statistics.median(figures)
    shown = f"{figure:.0f}" if unit == "" else f"{figure:.2f}{unit}"
    return Line("", f"{page} on throttled 4G, CPU ÷ 4: {what}", shown, "", None, f"≤ {most:g}{unit}", figure <= most)
