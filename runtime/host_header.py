"""By which name a server is called: the grammar of the Host header (RFC 9110, 7.2), without its leniencies."""

import re
from collections.abc import Sequence

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
"""The names of this machine that no other site can point at it."""

_HOST = re.compile(r"(?P<name>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?", re.ASCII)


def called_name(hosts: Sequence[str]) -> str:
    """The name in the Host header of a request, in lower case and without brackets and port.

    `hosts`: the values of all its Host headers. Empty: it names none, several, or what is no name.
    """
    found = [_HOST.fullmatch(host) for host in hosts]
    if len(found) != 1 or found[0] is None:
        return ""
    return found[0]["name"].strip("[]").lower()
