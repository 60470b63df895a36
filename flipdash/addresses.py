"""Which addresses people may name (trust.md F1, F2): judged when they are saved, and again at every call.

A person names a URL; our machines call it from inside our network, or lead somebody else's browser there. So it must
name a public host by its name, and every network address that the name has must be one that the public internet routes.
"""

import re
import socket
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLong
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from flipdash.mode import Mode

LONGEST = 2_000  # characters
PORTS = {"https": (443, 8443), "http": (80, 8080)}
"""By scheme; the first needs no naming."""
RESOLVE_WITHIN = 5.0  # seconds

PRINTABLE = re.compile(r"[!-~]+", re.ASCII)
LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
TOP = re.compile(r"[a-z]{2,63}|xn--[a-z0-9-]{1,59}")
"""The last label of a name is letters: that alone refuses every spelling of an IPv4 address."""
OURS_ALONE = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "private", "onion", "arpa", "alt")
"""Ends of names that mean something inside of a network only."""
NOBODYS = ("invalid", "test", "example")

# IANA, Special-Purpose Address Registries.
CLOSED_V4 = tuple(
    map(
        ip_network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24"),
            *("192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
            *("224.0.0.0/4", "240.0.0.0/4"),
        ),
    )
)
OPEN_V6 = ip_network("2000::/3")
CLOSED_V6 = tuple(map(ip_network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))

LOOKUPS = 128
"""How many names are looked up at once: more than a sender has places, for those that nobody waits for any more
end only when the resolver gives up, after 6 seconds at most (RES_OPTIONS in flipdash/processes.py)."""
_resolvers = ThreadPoolExecutor(LOOKUPS, thread_name_prefix="resolve")
_lock = Lock()
_under_way: dict[tuple[Any, ...], Future[list]] = {}
"""Look-ups that haven't ended: a name whose servers hang holds one thread, however often it is asked for."""


class BadAddress(ValueError):
    """A URL that is never called; the words say what is wrong with it."""


class NameNotFound(Exception):
    """The name has no network address, or its servers didn't answer in time."""


@dataclass(frozen=True)
class Target:
    """A URL that may be called, taken apart."""

    url: str
    scheme: str
    host: str
    port: int


def parse(written: str, mode: str) -> Target:
    """Take a URL apart; raises BadAddress. The name is not looked up: `resolve` does that."""
    text = written.strip()
    if len(text) > LONGEST:
        raise BadAddress(_("The address has more than %(most)s characters.") % {"most": LONGEST})
    if not PRINTABLE.fullmatch(text) or "\\" in text:
        raise BadAddress(_("Write the address in letters, digits and the usual signs, without spaces."))
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise BadAddress(_not_an_address()) from None
    schemes = ("https",) if mode == Mode.LIVE else ("https", "http")
    if parts.scheme not in schemes or not text[: len(parts.scheme) + 3].endswith("://"):
        raise BadAddress(
            _("In Live Mode the address begins with https://.")
            if mode == Mode.LIVE
            else _("The address begins with https:// or http://.")
        )
    if "@" in parts.netloc:
        raise BadAddress(_("Leave the name and password out of the address."))
    if parts.fragment:
        raise BadAddress(_("Leave out what follows the #: it never reaches your server."))
    host = _public_name((parts.hostname or "").rstrip("."))
    allowed = PORTS[parts.scheme]
    if port is not None and port not in allowed:
        raise BadAddress(_("Use port %(ports)s.") % {"ports": " / ".join(map(str, allowed))})
    rest = text[len(parts.scheme) + 3 + len(parts.netloc) :] or "/"
    port = port or allowed[0]
    netloc = host if port == allowed[0] else f"{host}:{port}"
    return Target(f"{parts.scheme}://{netloc}{rest}", parts.scheme, host, port)


def _public_name(host: str) -> str:
    labels = host.split(".")
    if len(host) > 253 or not all(LABEL.fullmatch(label) for label in labels):
        raise BadAddress(_not_an_address())
    if len(labels) < 2 or not TOP.fullmatch(labels[-1]):
        raise BadAddress(_("Name the server by its name on the internet, such as hooks.yourshop.com; no IP address."))
    own = {name.lstrip(".").lower() for name in settings.ALLOWED_HOSTS}
    if labels[-1] in (*OURS_ALONE, *NOBODYS) or host in own:
        raise BadAddress(_("This name can’t be reached from the internet. Give the public name of your server."))
    return host


def _not_an_address() -> str:
    return _("This is no address of a web server. It looks like https://hooks.yourshop.com/flipdash.")


def resolve(target: Target, look_up: Callable[..., list] | None = None) -> str:
    """Return the one network address to call; raises NameNotFound, and BadAddress if any that it has is not public.

    The name is looked up once, and the call goes to what was judged here, so that a name that answers differently the
    second time gains nothing (trust.md F3).
    """
    waiting = _looked_up(look_up or socket.getaddrinfo, target.host, target.port)
    try:
        found = list(dict.fromkeys(str(entry[4][0]) for entry in waiting.result(RESOLVE_WITHIN)))
    except (OSError, UnicodeError, TooLong):
        raise NameNotFound(target.host) from None
    if not found:
        raise NameNotFound(target.host)
    if not all(is_public(address) for address in found):
        raise BadAddress(_("This name leads to an address inside a network. Give the public name of your server."))
    return min(found, key=lambda address: ":" in address)  # IPv4 first: everybody has it


def _looked_up(ask: Callable[..., list], host: str, port: int) -> Future[list]:
    """Return the look-up of a name: the one that is under way, or a new one."""
    asked = (ask, host, port)
    with _lock:
        if found := _under_way.get(asked):
            return found
        made = _under_way[asked] = _resolvers.submit(ask, host, port, type=socket.SOCK_STREAM)
    made.add_done_callback(lambda _ended: _under_way.pop(asked, None))
    return made


def is_public(address: str) -> bool:
    """Return whether the public internet routes a network address, or the settings admit it on a laptop."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if any(parsed.version == network.version and parsed in network for network in settings.CALLBACK_NETWORKS):
        return True
    return _is_public(parsed)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in CLOSED_V4)
    return address in OPEN_V6 and not any(address in network for network in CLOSED_V6)
