"""Which addresses may be sent to: public ones, and those of networks that a setting names.

Whoever may write a URL could otherwise have this process ask what only it can reach: services of its own machine and
network, or the metadata service of its cloud. A name is resolved once for each connection, every address that it has
is judged, and the connection goes to an address that was judged: what the name means a moment later does not matter.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias, cast

import anyio
import anyio.to_thread
import httpcore
from httpcore import AsyncNetworkBackend, AsyncNetworkStream

Address: TypeAlias = IPv4Address | IPv6Address
Networks: TypeAlias = tuple[IPv4Network | IPv6Network, ...]
Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[Address]]]
"""The addresses of a host, for a port. Raises OSError when it has none."""

SETTING = "WEBHOOK_ALLOWED_NETWORKS"

# https://www.iana.org/assignments/iana-ipv4-special-registry and …-ipv6-…; the first that fits counts.
# `is_global` of `ipaddress` differs from one Python to the next, and counts multicast and NAT64 among the global ones.
_CLOSED = {
    "127.0.0.0/8": "a loopback address",
    "::1/128": "a loopback address",
    "169.254.169.254/32": "the address of a metadata service",
    "168.63.129.16/32": "the address of a metadata service",  # Azure's, in the midst of public ones
    "100.100.100.200/32": "the address of a metadata service",
    "fd00:ec2::254/128": "the address of a metadata service",
    "169.254.0.0/16": "a link-local address",
    "fe80::/10": "a link-local address",
    "10.0.0.0/8": "a private address",
    "172.16.0.0/12": "a private address",
    "192.168.0.0/16": "a private address",
    "100.64.0.0/10": "a private address",
    "fc00::/7": "a private address",
    "fec0::/10": "a private address",
    "224.0.0.0/4": "a multicast address",
    "ff00::/8": "a multicast address",
    "0.0.0.0/8": "a reserved address",
    "192.0.0.0/24": "a reserved address",
    "192.0.2.0/24": "a reserved address",
    "192.88.99.0/24": "a reserved address",
    "198.18.0.0/15": "a reserved address",
    "198.51.100.0/24": "a reserved address",
    "203.0.113.0/24": "a reserved address",
    "240.0.0.0/4": "a reserved address",
    "64:ff9b::/96": "an address that stands for another one",  # NAT64
    "64:ff9b:1::/48": "an address that stands for another one",
    "2001::/32": "an address that stands for another one",  # Teredo
    "2002::/16": "an address that stands for another one",  # 6to4
    "2001::/23": "a reserved address",
    "2001:db8::/32": "a reserved address",
    "3fff::/20": "a reserved address",
}
_KINDS = [(ip_network(text), kind) for text, kind in _CLOSED.items()]
_UNICAST = IPv6Network("2000::/3")
"""The only IPv6 addresses that are given to anybody."""


class AddressRefused(Exception):
    """Nothing is sent there. Its text is one sentence for an admin."""


def parse_networks(text: str) -> Networks:
    """Networks as in `10.1.0.0/16, fd12::/48`. Raises ValueError with a phrase that names the wrong one."""
    found: list[IPv4Network | IPv6Network] = []
    for entry in filter(None, map(str.strip, text.split(","))):
        try:
            found.append(ip_network(entry))
        except ValueError:
            raise ValueError(f"'{entry}' is no network: write it like 10.1.0.0/16") from None
    return tuple(found)


def is_in(address: Address, networks: Networks) -> bool:
    """Whether one of the networks holds the address."""
    return any(address in network for network in networks)


def why_closed(address: Address) -> str | None:
    """What kind of address it is when nobody outside can have it; None for a public one."""
    kind = next((kind for network, kind in _KINDS if address in network), None)
    if kind is None and isinstance(address, IPv6Address) and address not in _UNICAST:
        return "a reserved address"
    return kind


_LOOKUPS = anyio.CapacityLimiter(1_000)
"""A thread for each: those whose name server does not answer last for up to a minute, and must keep no other waiting.

The event loop has a handful of threads for look-ups, and what was given up stays in them.
"""


async def resolve(host: str, port: int) -> Sequence[Address]:
    """The addresses of a host as this machine knows them; also of one that is written as a number. Raises OSError."""
    look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        found = await anyio.to_thread.run_sync(look_up, abandon_on_cancel=True, limiter=_LOOKUPS)
    except UnicodeError:
        raise OSError("no name of a host") from None
    return [ip_address(address[0]) for *_, address in found]


class AddressGuard:
    """Says which addresses of a host may be connected to.

    `allowed` are networks that may be, though they are not public; only these get what is not encrypted.
    """

    def __init__(self, allowed: Networks, resolver: Resolver = resolve) -> None:
        self._allowed = allowed
        self._resolver = resolver

    async def addresses_of(self, host: str, port: int, *, encrypted: bool) -> Sequence[Address]:
        """Every address of the host, each once. Raises AddressRefused when it has none, or one is refused."""
        try:
            found = await self._resolver(host, port)
        except OSError:
            found = ()
        addresses = tuple(dict.fromkeys(map(_plain, found)))
        if not addresses:
            raise AddressRefused(f"The host '{host}' has no address: check its name.")
        self._judge(host, addresses, encrypted=encrypted)
        return addresses

    def _judge(self, host: str, addresses: Iterable[Address], *, encrypted: bool) -> None:
        for address in addresses:
            if is_in(address, self._allowed):
                continue
            named = f"'{host}'" if host == str(address) else f"The host '{host}' is at {address}, which"
            if kind := why_closed(address):
                raise AddressRefused(f"{named} is {kind}: name a public host, or allow its network by {SETTING}.")
            if not encrypted:
                raise AddressRefused(
                    f"{named} is not in a network of {SETTING}: only to those http is spoken, use https."
                )


def _plain(address: Address) -> Address:
    """The IPv4 address that an IPv6 address is only another way of writing of."""
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address


class GuardedBackend(AsyncNetworkBackend):
    """Connects to addresses that the guard let through, one after the other until one answers.

    The name stays with whoever speaks over the connection, for the certificate and the Host header.
    """

    def __init__(self, guard: AddressGuard, *, encrypted: bool) -> None:
        self._guard = guard
        self._encrypted = encrypted
        self._network = cast("AsyncNetworkBackend", httpcore.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - as httpcore calls it
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """A connection within `timeout` seconds, looking up included. Raises AddressRefused and errors of httpcore."""
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._guard.addresses_of(host, port, encrypted=self._encrypted)
                share = timeout / len(addresses) if timeout else None
                for address in addresses[:-1]:
                    with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                        return await self._network.connect_tcp(str(address), port, share, local_address, socket_options)
                return await self._network.connect_tcp(str(addresses[-1]), port, share, local_address, socket_options)
        except TimeoutError:
            raise httpcore.ConnectTimeout(f"no connection in {timeout} seconds") from None
