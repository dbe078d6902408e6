"""Ports for servers that start later, or again: the system gives them to nobody meanwhile."""

import random
import socket

BELOW_THE_SYSTEM_S = range(20_000, 32_000)
"""Whoever asks for any port gets one from 32,768 on, and so does each connection."""
_random = random.SystemRandom()


def free_port() -> int:
    """A port on loopback that nobody uses."""
    (port,) = free_ports(1)
    return port


def free_ports(count: int) -> list[int]:
    """Ports on loopback that nobody uses, each another."""
    found: set[int] = set()
    while len(found) < count:
        port = _random.choice(BELOW_THE_SYSTEM_S)
        if _is_free(port):
            found.add(port)
    return list(found)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
