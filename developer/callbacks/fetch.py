"""The only module that calls hosts which people name (trust.md F, C4): one POST, bounded in time and size.

It speaks to the address that `addresses.resolve` has judged and to no other, follows no redirect, uses no proxy, and
ends after 30 seconds by the clock whatever the other side drips.
"""

import socket
from dataclasses import dataclass
from time import monotonic
from typing import Any

import certifi
import pycurl

from developer.problems import Problem
from flipdash import addresses
from flipdash.addresses import BadAddress, NameNotFound, Target

CONNECT_WITHIN, ANSWER_WITHIN = 5.0, 30.0  # seconds
MOST_READ, MOST_KEPT, MOST_HEAD = 64 * 1024, 4 * 1024, 32 * 1024  # bytes


OF_CURL = {
    pycurl.E_OPERATION_TIMEDOUT: Problem.TIMEOUT,
    pycurl.E_COULDNT_CONNECT: Problem.REFUSED,
    pycurl.E_COULDNT_RESOLVE_HOST: Problem.NAME,
    pycurl.E_SSL_CONNECT_ERROR: Problem.TLS,
    pycurl.E_PEER_FAILED_VERIFICATION: Problem.TLS,
    pycurl.E_SSL_CERTPROBLEM: Problem.TLS,
    pycurl.E_SSL_CIPHER: Problem.TLS,
}


@dataclass(frozen=True)
class Answer:
    """What came back, or why nothing did."""

    seconds: float
    status: int = 0
    """The HTTP status; 0 without an answer."""
    body: bytes = b""
    """At most 4 kB of it."""
    problem: Problem | None = None

    @property
    def is_success(self) -> bool:
        """Whether the other side took it: 2xx alone. A redirect is none, and is never followed."""
        return self.problem is None and 200 <= self.status < 300


def post(
    url: str, mode: str, body: bytes, headers: dict[str, str], *, within: float = ANSWER_WITHIN, look_up: Any = None
) -> Answer:
    """POST a body and return the answer; whatever happens on the way is an answer too. `within` is in seconds."""
    began = monotonic()
    try:
        target = addresses.parse(url, mode)
        address = addresses.resolve(target, look_up)
    except BadAddress:
        return Answer(monotonic() - began, problem=Problem.ADDRESS)
    except NameNotFound:
        return Answer(monotonic() - began, problem=Problem.NAME)
    left = max(0.1, within - (monotonic() - began))
    return _Call(target, address, body, headers).perform(left, began)


class _Call:
    """One call by curl, and what has come back of it so far."""

    def __init__(self, target: Target, address: str, body: bytes, headers: dict[str, str]) -> None:
        self.kept = b""
        self.read = self.head = 0
        self.curl = curl = pycurl.Curl()
        literal = f"[{address}]" if ":" in address else address
        options: dict[int, Any] = {
            pycurl.URL: target.url,
            pycurl.RESOLVE: [f"{target.host}:{target.port}:{literal}"],
            pycurl.OPENSOCKETFUNCTION: _open_public,
            pycurl.PROTOCOLS: pycurl.PROTO_HTTPS | pycurl.PROTO_HTTP,
            pycurl.PROXY: "",
            pycurl.NOPROXY: "*",
            pycurl.FOLLOWLOCATION: False,
            pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_1_1,
            pycurl.CAINFO: certifi.where(),
            pycurl.SSL_VERIFYPEER: True,
            pycurl.SSL_VERIFYHOST: 2,
            pycurl.NOSIGNAL: True,
            pycurl.FRESH_CONNECT: True,
            pycurl.FORBID_REUSE: True,
            pycurl.CONNECTTIMEOUT_MS: int(CONNECT_WITHIN * 1000),
            pycurl.POST: True,
            pycurl.POSTFIELDS: body,
            pycurl.HTTPHEADER: [f"{name}: {value}" for name, value in {**headers, "Expect": ""}.items()],
            pycurl.USERAGENT: "FlipDash-Callbacks/1",
            pycurl.HEADERFUNCTION: self._take_head,
            pycurl.WRITEFUNCTION: self._take_body,
        }
        for option, value in options.items():
            curl.setopt(option, value)

    def perform(self, left: float, began: float) -> Answer:
        """Make the call within `left` seconds; the answer's time counts from `began`."""
        self.curl.setopt(pycurl.TIMEOUT_MS, int(left * 1000))
        problem = None
        try:
            self.curl.perform()
        except pycurl.error as error:
            was_cut = error.args[0] == pycurl.E_WRITE_ERROR and self.read > MOST_READ
            problem = None if was_cut else OF_CURL.get(error.args[0], Problem.BROKEN)
        status = 0 if problem else self.curl.getinfo(pycurl.RESPONSE_CODE)
        self.curl.close()
        return Answer(monotonic() - began, status, self.kept, problem)

    def _take_head(self, line: bytes) -> int | None:
        self.head += len(line)
        return None if self.head <= MOST_HEAD else -1

    def _take_body(self, part: bytes) -> int | None:
        self.read += len(part)
        self.kept = (self.kept + part)[:MOST_KEPT]
        return None if self.read <= MOST_READ else -1  # the rest is not waited for: the status is known


def _open_public(purpose: int, address: Any) -> Any:
    """Open the socket, unless curl was led to an address that nobody judged."""
    if not addresses.is_public(address.addr[0]):
        return pycurl.SOCKET_BAD
    return socket.socket(address.family, address.socktype, address.protocol)
