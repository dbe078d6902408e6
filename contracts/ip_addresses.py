"""Parses addresses of telemetry and networks of rules: one reading, whoever compares them."""

import re
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_CACHED = 16_384
_LONGEST = 500
_BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_PLAIN = re.compile(rf"{_BYTE}\.{_BYTE}\.{_BYTE}\.{_BYTE}", re.ASCII)
_PADDED = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}", re.ASCII)
_WITH_PORT = re.compile(r"\[([^\[\]]+)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}", re.ASCII)
_LOW = 0xFFFF_FFFF
# Networks of IPv6 whose last 32 bits are an IPv4 address: mapped (RFC 4291), translated (RFC 7915), NAT64 (RFC 6052),
# and the compatible form that RFC 4291 took back.
_EMBED_IPV4 = tuple(IPv6Network(text) for text in ("::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "::/96"))
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")
"""RFC 8215: whose addresses are inside is known to their own network alone."""
_LEAST_COMPATIBLE = 2**24
"""Below it are `::`, `::1` and addresses of 0.0.0.0/8, which is nobody's."""


def is_address(text: str) -> bool:
    """Whether it is one address as it is written, with nothing around it."""
    if _PLAIN.fullmatch(text):
        return True
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


@lru_cache(_CACHED)
def address_in(text: str) -> Address | None:
    """The one address that a text names: IPv4 inside IPv6 is IPv4. None: it names none, or it is not clear which.

    A port, brackets, a zone and blanks around it are left out. Of a list, as proxies write it, the one that is public
    counts; with two public ones anybody could have written the first. A byte with zeros before it is decimal where it
    would be the same in octal: some systems read `010` as 8.
    """
    if len(text) > _LONGEST:
        return None
    if "," in text:
        named = [_one(part) for part in text.split(",")]
        public = {each for each in named if each is not None and is_public(each)}
        return public.pop() if len(public) == 1 and None not in named else None
    return _one(text)


def network_in(text: str) -> Network:
    """The network that a text names, `203.0.113.0/24`: IPv4 inside IPv6 is IPv4. Raises ValueError with a phrase."""
    network = ip_network(text.strip(), strict=False)
    if isinstance(network, IPv6Network):
        address = unwrapped(network.network_address)
        if isinstance(address, IPv4Address) and network.prefixlen >= 96:
            return IPv4Network((int(address), network.prefixlen - 96))
    return network


def unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, else itself."""
    if isinstance(address, IPv4Address):
        return address
    for network in _EMBED_IPV4:
        if address in network:
            low = int(address) & _LOW
            return (
                address if network.network_address == IPv6Address(0) and low < _LEAST_COMPATIBLE else IPv4Address(low)
            )
    return address


def is_public(address: Address) -> bool:
    """Whether it is of one sender on the internet, or one of those that documents use in their place (RFC 5737)."""
    if isinstance(address, IPv4Address) and str(address).startswith(("192.0.2.", "198.51.100.", "203.0.113.")):
        return True
    return address.is_global and not address.is_multicast and address not in _LOCAL_NAT64


def _one(text: str) -> Address | None:
    bare = text.strip()
    if match := _WITH_PORT.fullmatch(bare):
        bare = match[1] or match[2]
    bare = bare.partition("%")[0]
    if _PADDED.fullmatch(bare):
        parts = bare.split(".")
        if any(part.startswith("0") and not _is_same_in_octal(part) for part in parts):
            return None
        bare = ".".join(str(int(part)) for part in parts)
    try:
        return unwrapped(ip_address(bare))
    except ValueError:
        return None


def _is_same_in_octal(part: str) -> bool:
    try:
        return int(part, 8) == int(part)
    except ValueError:
        return True  # 8 and 9 are no octal digits
