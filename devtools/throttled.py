"""How a page appears to somebody with a middling phone: throttled 4G, and a quarter of this machine's CPU."""

import shutil
from dataclasses import dataclass

from playwright.sync_api import Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""With which tests and the bench start Chromium."""

DOWN, UP, LATENCY = 1_600_000 / 8, 750_000 / 8, 150
"""Bytes a second, and milliseconds for a way and back: what Lighthouse calls slow 4G."""
SLOWER = 4

MOST_REQUESTS, MOST_KB = 12, 60
"""Of a page with all that it loads, compressed, without the font."""
MOST_FIRST, MOST_LARGEST = 1.2, 1.5
"""Seconds to the first paint that has content, and to the largest one."""

PAINTED = """() => new Promise((done) => {
    const paints = performance.getEntriesByType('paint').filter((it) => it.name === 'first-contentful-paint');
    new PerformanceObserver((list) => done([paints[0].startTime, list.getEntries().at(-1).startTime]))
        .observe({type: 'largest-contentful-paint', buffered: true});
})"""


def chromium() -> str | None:
    """Return where this machine has a Chromium; None for nowhere."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@dataclass(frozen=True)
class FirstView:
    """What one visit took of a browser that has nothing of the site yet."""

    requests: int
    kilobytes: float
    """As sent, with headers, without fonts."""
    font_kilobytes: float
    first_paint: float
    """Seconds."""
    largest_paint: float
    """Seconds."""

    def __str__(self) -> str:
        return (
            f"{self.requests} requests, {self.kilobytes:.1f} kB and {self.font_kilobytes:.1f} kB of fonts; first "
            f"contentful paint {self.first_paint:.2f} s, largest {self.largest_paint:.2f} s"
        )


def first_view(page: Page, url: str) -> FirstView:
    """Open the address in a page that is signed in, with an empty cache and throttled; return what it took."""
    browser = page.context.new_cdp_session(page)
    kinds: dict[str, str] = {}
    sizes: dict[str, float] = {}
    browser.on("Network.responseReceived", lambda event: kinds.update({event["requestId"]: event["type"]}))
    browser.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    browser.send("Network.enable")
    browser.send("Network.clearBrowserCache")
    limits = {"offline": False, "latency": LATENCY, "downloadThroughput": DOWN, "uploadThroughput": UP}
    browser.send("Network.emulateNetworkConditions", limits)
    browser.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.goto(url)
    page.wait_for_load_state("networkidle")
    first, largest = page.evaluate(PAINTED)
    browser.detach()
    fonts = sum(size for request, size in sizes.items() if kinds[request] == "Font")
    return FirstView(len(sizes), (sum(sizes.values()) - fonts) / 1000, fonts / 1000, first / 1000, largest / 1000)
