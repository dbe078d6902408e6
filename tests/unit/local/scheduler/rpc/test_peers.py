"""Who is still connected, as the system's tables say."""

import socket
from pathlib import Path

import pytest

from local.scheduler.rpc import peers
from local.scheduler.rpc.peers import is_connected


@pytest.mark.parametrize(("host", "written"), [("127.0.0.1", "ipv4:127.0.0.1"), ("::1", "ipv6:%5B::1%5D")])
def test_a_connection_counts_until_its_end_is_closed(host: str, written: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener:
        port = listener.getsockname()[1]
        far = socket.create_connection((host, port))
        near, _ = listener.accept()
        peer = f"{written}:{far.getsockname()[1]}"
        assert is_connected(peer, port)
        assert not is_connected(peer, port + 1)
        far.close()
        assert near.recv(1) == b""
        assert not is_connected(peer, port)
        near.close()


def test_nobody_is_lost_where_the_system_tells_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(peers, "TABLES", (tmp_path / "none",))
    assert is_connected("ipv4:127.0.0.1:9", 1)
    assert is_connected("unix:/somewhere", 1)
