"""By which name a server is called, and what is no name."""

import pytest

from runtime.host_header import called_name


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("127.0.0.1:8001", "127.0.0.1"),
        ("LOCALHOST", "localhost"),
        ("[::1]:8001", "::1"),
        ("[::1]", "::1"),
        ("desk.example.com:443", "desk.example.com"),
    ],
)
def test_name_is_read_without_port_and_brackets(host: str, name: str) -> None:
    assert called_name([host]) == name


@pytest.mark.parametrize(
    "hosts",
    [
        (),
        ("",),
        ("localhost", "localhost"),
        ("localhost", "evil.example"),
        ("user@127.0.0.1",),
        ("127.0.0.1#evil.example",),
        ("evil\\@localhost",),
        ("localhost:evil",),
        ("localhost:123456",),
        ("localhost,evil.example",),
        ("localhost ",),
        ("localhost\n",),
        ("[::1",),
        ("::1",),
        ("localhost:\u0661",),
    ],
)
def test_anything_else_is_no_name(hosts: tuple[str, ...]) -> None:
    assert called_name(hosts) == ""
