"""Addresses to serve on, and those that are refused."""

import socket
from contextlib import closing

import pytest

from runtime.listening import CannotListen, is_loopback, listen


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("example.com", False),
    ],
)
def test_only_this_machine_reaches_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) == loopback


def test_port_0_takes_any_free_port() -> None:
    with closing(listen("127.0.0.1", 0, instead="set X")) as listener:
        assert listener.getsockname()[1] > 0


def test_a_port_in_use_is_refused_in_one_sentence() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(CannotListen) as refused:
            listen("127.0.0.1", port, instead="set MCP_PORT to a free one")

    assert str(refused.value) == (
        f"Cannot listen on 127.0.0.1 port {port} (Address already in use): "
        "stop what uses it, or set MCP_PORT to a free one."
    )


def test_unknown_host_is_refused_in_one_sentence() -> None:
    with pytest.raises(CannotListen, match=r"^Cannot listen on no such host port 0 \(.+\): stop what uses it"):
        listen("no such host", 0, instead="set X")
