"""By which name a server is called, and what is no name."""

import pytest

from runtime.host_header import LOOPBACK_NAMES, called_name, is_misdirected, names_of


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


@pytest.mark.parametrize(
    ("listens_on", "names"),
    [
        ("127.0.0.1", {*LOOPBACK_NAMES, "desk.example"}),
        ("localhost", {*LOOPBACK_NAMES, "desk.example"}),
        ("0.0.0.0", {"desk.example"}),
        ("10.1.2.3", {"desk.example"}),
    ],
)
def test_names_of_this_machine_count_on_loopback(listens_on: str, names: set[str]) -> None:
    assert names_of(listens_on, ["desk.example"]) == names


@pytest.mark.parametrize(("path", "is_refused"), [("/healthz", False), ("/ready", False), ("/metrics", True)])
def test_probes_may_call_by_any_name(path: str, *, is_refused: bool) -> None:
    assert is_misdirected(path, ["evil.example"], LOOPBACK_NAMES) is is_refused
    assert not is_misdirected(path, ["localhost"], LOOPBACK_NAMES)
