"""What a page takes while strangers hold connections open.

    python -m bench.slow_sockets --url http://127.0.0.1:8000/sign-in/

It opens sockets that send a header line, or a byte of a body, or read a byte of an answer, every few seconds; meanwhile
it asks for a page, one time after the other. It prints how long that took before, and while, and how many were cut.
"""

import argparse
import http.client
import socket
import ssl
import statistics
import time
from collections.abc import Callable
from threading import Event, Thread
from urllib.parse import SplitResult, urlsplit

KINDS = ("header", "silent", "body", "reader")
PATIENCE = 30
"""After how many seconds a page counts as lost."""


def main() -> None:
    """Measure, and print a line for each kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000/sign-in/")
    parser.add_argument("--host", default="", help="the Host header, where it isn't the address's")
    parser.add_argument("--sockets", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--every", type=float, default=2.0, help="seconds between what a slow client sends")
    parser.add_argument("--kinds", nargs="*", choices=KINDS, default=KINDS)
    asked = parser.parse_args()
    url = urlsplit(asked.url)
    host = asked.host or url.netloc
    print(f"{asked.url}, {asked.sockets} slow sockets, {asked.seconds} s each")
    print(f"  {'alone':>8}: {told(probe(url, host, asked.seconds))}")
    for kind in asked.kinds:
        stop, cut = Event(), [0]
        slow = Thread(target=hold, args=(url, host, kind, asked.sockets, asked.every, stop, cut), daemon=True)
        slow.start()
        time.sleep(2)  # until all are open
        took = probe(url, host, asked.seconds)
        print(f"  {kind:>8}: {told(took)}, {cut[0]} of {asked.sockets} sockets cut")
        stop.set()
        slow.join()


def told(took: list[float | None]) -> str:
    """Write how many pages came, and how fast."""
    came = sorted(one for one in took if one is not None)
    if not came:
        return f"0 of {len(took)} pages within {PATIENCE} s"
    p95 = came[min(len(came) - 1, round(0.95 * len(came)))]
    return f"{len(came)} of {len(took)} pages, median {statistics.median(came):.0f} ms, p95 {p95:.0f} ms"


def probe(url: SplitResult, host: str, seconds: float) -> list[float | None]:
    """Ask for the page for so long; returns what each took in milliseconds, None for one that never came."""
    took: list[float | None] = []
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        began = time.monotonic()
        try:
            connection = connect(url, PATIENCE)
            asked = http.client.HTTPConnection(host)
            asked.sock = connection
            asked.request("GET", url.path or "/", headers={"Host": host, "Connection": "close"})
            asked.getresponse().read()
            took.append((time.monotonic() - began) * 1_000)
        except OSError:
            took.append(None)
        time.sleep(0.02)
    return took


def connect(url: SplitResult, timeout: float) -> socket.socket:
    """Return an open connection; whose certificate it is doesn't matter here."""
    made = socket.create_connection((url.hostname, url.port or (443 if url.scheme == "https" else 80)), timeout)
    if url.scheme != "https":
        return made
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(made, server_hostname=url.hostname)


def hold(url: SplitResult, host: str, kind: str, many: int, every: float, stop: Event, cut: list[int]) -> None:
    """Open sockets and keep each alive by as little as there is; count those that the other side ends."""
    first, drop = words(url, host)[kind]
    sockets: list[socket.socket] = []
    for _number in range(many):
        try:
            made = connect(url, 5)
            if kind == "reader":
                made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1_024)
            made.sendall(first)
            made.setblocking(False)
            sockets.append(made)
        except OSError:
            cut[0] += 1
    while not stop.wait(every):
        for made in list(sockets):
            if not is_open(made, drop, reads=kind == "reader"):
                sockets.remove(made)
                made.close()
                cut[0] += 1
    for made in sockets:
        made.close()


def words(url: SplitResult, host: str) -> dict[str, tuple[bytes, Callable[[], bytes]]]:
    """Return what each kind sends first, and then from time to time."""
    path = url.path or "/"
    head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n".encode()
    post = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100000\r\n"
    body = post.encode() + b"Content-Type: application/x-www-form-urlencoded\r\n\r\nlogin="
    return {
        "header": (head, lambda: b"X-Slow: 1\r\n"),
        "silent": (b"", lambda: b""),
        "body": (body, lambda: b"a"),
        "reader": (head + b"\r\n", lambda: b""),
    }


def is_open(made: socket.socket, drop: Callable[[], bytes], *, reads: bool) -> bool:
    """Send a drop, and return whether the other side still holds the connection."""
    try:
        if sent := drop():
            made.sendall(sent)
        if reads:
            return bool(made.recv(1))
        made.recv(1)
        return False  # the end, or an answer such as 408: either way it is over
    except (BlockingIOError, ssl.SSLWantReadError):
        return True
    except OSError:
        return False


if __name__ == "__main__":
    main()
