"""What the proxy does by itself, whatever serves behind it: TLS, and its limits (docker/nginx.conf)."""

import contextlib
import http.client
import re
import ssl
import time
from collections.abc import Iterator

from devtools.containers.deployment import Deployment
from devtools.containers.walk import sure

LARGE, TOO_LARGE = 2_000_000, 33 << 20
BEGUN = b"x" * 200_000
"""More than the proxy holds in memory: it lies in a file then."""
HEARD = 1
"""Seconds within which the proxy knows that a request has begun, or that its client has gone."""


def proxy(deployment: Deployment) -> str:
    """Ask for pages as anybody may, then for more than the proxy takes; pages are there all the while."""
    plain = http.client.HTTPConnection("localhost", timeout=10)
    plain.request("GET", "/sign-in/")
    moved = plain.getresponse()
    sure((moved.status, moved.headers["Location"]) == (301, "https://localhost/sign-in/"), f"http is {moved.status}")
    page = deployment.browser().open("/sign-in/")
    sure(page.status == 200, f"https is {page.status}")

    status, words = _answered(_sending(deployment, TOO_LARGE))
    sure(status == 413 and "25 MB" in words, f"33 MB are answered by {status} {words}")

    told = (deployment.home / "docker" / "nginx.conf").read_text()
    most = int(re.findall(r"limit_conn large (\d+);", told)[0])
    with _held(deployment, most):
        status, words = _answered(_sending(deployment, LARGE))
        sure(status == 429 and "Try again" in words and "Coba lagi" in words, f"one more is {status} {words}")
        page = deployment.browser().open("/sign-in/")
        sure(page.status == 200, f"while {most} large requests are held, a page is {page.status}")
    status, words = _answered(_sending(deployment, LARGE, BEGUN * 10))
    sure(status not in (413, 429) and status < 500, f"a large request after them is {status} {words}")
    return f"http leads to https, 33 MB are 413, {most + 1} large requests at once are 429, pages 200"


def _sending(deployment: Deployment, length: int, begun: bytes = BEGUN) -> http.client.HTTPSConnection:
    """Begin a request that says it brings so much."""
    context = ssl.create_default_context(cafile=str(deployment.certificate))
    connection = http.client.HTTPSConnection("localhost", timeout=15, context=context)
    connection.putrequest("POST", "/sign-in/")
    connection.putheader("Content-Length", str(length))
    connection.putheader("Content-Type", "application/x-www-form-urlencoded")
    connection.endheaders()
    with contextlib.suppress(OSError):  # it may have been refused already, which the answer says
        connection.send(begun)
    return connection


def _answered(connection: http.client.HTTPSConnection) -> tuple[int, str]:
    with contextlib.closing(connection):
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")


@contextlib.contextmanager
def _held(deployment: Deployment, number: int) -> Iterator[None]:
    """Hold so many large requests back."""
    with contextlib.ExitStack() as stack:
        for _number in range(number):
            stack.enter_context(contextlib.closing(_sending(deployment, LARGE)))
        time.sleep(HEARD)
        yield
    time.sleep(HEARD)
