"""Ports for servers that start later, or again: nobody else takes them meanwhile."""

import itertools
import os
import random
import socket
from collections.abc import Iterator

BELOW_THE_SYSTEM_S = range(20_000, 32_000)
"""Whoever asks for any port gets one from 32,768 on, and so does each connection."""


def free_port() -> int:
    """A port on loopback that nobody uses."""
    (port,) = free_ports(1)
    return port


def free_ports(count: int) -> list[int]:
    """Ports on loopback that nobody uses; each comes once until all have come."""
    return list(itertools.islice(filter(_is_free, _ports), count))


def _own_ports() -> Iterator[int]:
    """Those that no other process of a run of pytest-xdist has, in random order: several runs share a machine."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    ports = BELOW_THE_SYSTEM_S[number :: int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))]
    return itertools.cycle(random.sample(ports, len(ports)))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


_ports = _own_ports()
