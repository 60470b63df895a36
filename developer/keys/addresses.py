"""From which network addresses a key may come: single ones and ranges, of both versions (trust.md K4)."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
WIDEST = {4: 8, 6: 16}
"""The shortest prefix of a range by version: what is wider lets in so much that an empty list says it better."""


class NotAnAddress(ValueError):
    """A text that is no address and no range; `hint` is the range that was probably meant, or empty."""

    def __init__(self, hint: str = "") -> None:
        super().__init__(hint)
        self.hint = hint


def parse(written: str) -> str:
    """Return an address or a range as it is kept: 203.0.113.7, 203.0.113.0/24, 2001:db8::/32. Raises NotAnAddress."""
    text = written.strip()
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise NotAnAddress from None
    if text.partition("/")[2] not in ("", str(network.prefixlen)):
        raise NotAnAddress(_written(network))  # a mask such as /255.255.255.0
    if network.prefixlen < WIDEST[network.version]:
        raise NotAnAddress
    if ip_address(text.partition("/")[0]) != network.network_address:
        raise NotAnAddress(_written(network))
    return _written(network)


def admits(allowed: Iterable[str], address: str) -> bool:
    """Return whether a call may come from an address; every one may where nothing is listed."""
    networks = [ip_network(one) for one in allowed]
    if not networks:
        return True
    try:
        plain = unmapped(ip_address(address))
    except ValueError:
        return False
    return any(plain.version == network.version and plain in network for network in networks)


def unmapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 one such as ::ffff:203.0.113.7 stands for; any other as it is."""
    return getattr(address, "ipv4_mapped", None) or address


def _written(network: Network) -> str:
    return str(network.network_address) if network.num_addresses == 1 else str(network)
