"""By which name a server is called: the grammar of the Host header (RFC 9110, 7.2), without its leniencies."""

import re
from collections.abc import Iterable, Sequence

from runtime.listening import is_loopback

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
"""The names of this machine that no other site can point at it."""

PROBES = frozenset({"/healthz", "/ready"})
"""Asked by address: what runs a container knows no name of it."""

_HOST = re.compile(r"(?P<name>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?", re.ASCII)


def called_name(hosts: Sequence[str]) -> str:
    """The name in the Host header of a request, in lower case and without brackets and port.

    `hosts`: the values of all its Host headers. Empty: it names none, several, or what is no name.
    """
    found = [_HOST.fullmatch(host) for host in hosts]
    if len(found) != 1 or found[0] is None:
        return ""
    return found[0]["name"].strip("[]").lower()


def names_of(listens_on: str, allowed: Iterable[str]) -> frozenset[str]:
    """What a server is called by that listens on this host: these names, and this machine's own on loopback.

    On loopback, whoever calls it by those sits at this machine. Elsewhere they are names like any other.
    """
    return LOOPBACK_NAMES.union(allowed) if is_loopback(listens_on) else frozenset(allowed)


def is_misdirected(path: str, hosts: Sequence[str], names: frozenset[str]) -> bool:
    """Whether a request calls a server by what is none of its names, and is no probe."""
    return path not in PROBES and called_name(hosts) not in names
