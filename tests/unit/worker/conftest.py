"""Real model calls are impossible here: no name outside this machine resolves, no key is in the environment."""

import ipaddress
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import ports

ROOT = Path(__file__).parents[3]
KEYS = (
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_MODEL",
    "AZURE_OPENAI_ENDPOINT",
    "AZURE_OPENAI_CHAT_DEPLOYMENT",
    "MODEL_FAILOVER",
)


class OutsideWorld(Exception):
    """A test tried to reach something that is not on this machine."""


@pytest.fixture(autouse=True, scope="module")
def nothing_outside_this_machine() -> Iterator[None]:
    """Refuse every look-up but those of loopback addresses, for the tests of this folder only."""
    resolve = socket.getaddrinfo

    def only_loopback(host: Any, *arguments: Any, **options: Any) -> Any:
        if not _is_loopback(host):
            raise OutsideWorld(f"A test tried to reach {host!r}.")
        return resolve(host, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", only_loopback)
        for key in KEYS:
            patch.delenv(key, raising=False)
        yield


@pytest.fixture(scope="session")
def rules_model() -> Iterator[str]:
    """The base URL of `python -m local.model`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "local.model", "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        assert process.stdout is not None
        announced = process.stdout.readline().decode()
        found = re.search(r"http://\S+:\d+", announced)
        assert found is not None, announced
        yield found.group()
    finally:
        process.terminate()
        process.wait(60)
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture
def free_port() -> int:
    """A port on loopback that nothing uses."""
    return ports.free_port()


def _is_loopback(host: object) -> bool:
    if host in (None, "", "localhost", b"localhost"):
        return True
    try:
        return ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host)).is_loopback
    except ValueError:
        return False
