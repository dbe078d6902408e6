"""An address has one reading, however it is written; what is not one address is none."""

from ipaddress import ip_network

import pytest

from backend.detection.state.addresses import public_address
from contracts.ip_addresses import address_in, network_in


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("203.0.113.5:443", "203.0.113.5"),
        ("[203.0.113.7]", "203.0.113.7"),
        ("\t203.0.113.7 ", "203.0.113.7"),
        ("203.0.113.5, 10.0.0.1", "203.0.113.5"),
        ("10.0.0.1, 203.0.113.5,203.0.113.5", "203.0.113.5"),
        ("203.0.113.005", "203.0.113.5"),
        ("203.0.113.089", "203.0.113.89"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("::ffff:0:8.8.8.8", "8.8.8.8"),
        ("64:ff9b::8.8.4.4", "8.8.4.4"),
        ("64:ff9b::808:808", "8.8.8.8"),
        ("::8.8.8.8", "8.8.8.8"),
        ("[2a00:1450::1]:443", "2a00:1450::"),
        ("2a00:1450::1%eth0", "2a00:1450::"),
    ],
)
def test_who_is_behind_an_address_is_compared(text: str, address: str) -> None:
    assert public_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "host",
        "203.0.113.010",
        "203.0.113.5:port",
        "8.8.8.8, 9.9.9.9",
        "8.8.8.8, unknown",
        "10.0.0.1",
        "::1",
        "::",
        "fe80::1",
        "224.0.0.1",
        "ff0e::1",
        "64:ff9b:1::808:808",
        "64:ff9b::10.0.0.1",
        "\u0661.1.1.1",
        "1" * 10_000,
    ],
)
def test_what_names_no_public_sender_says_nothing(text: str) -> None:
    assert public_address(text) is None


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("203.0.113.9/24", "203.0.113.0/24"),
        ("::ffff:203.0.113.0/120", "203.0.113.0/24"),
        ("64:ff9b::203.0.113.0/120", "203.0.113.0/24"),
        ("2a00:1450::/32", "2a00:1450::/32"),
        ("::/0", "::/0"),
    ],
)
def test_a_network_is_read_like_an_address(text: str, network: str) -> None:
    assert network_in(text) == ip_network(network)


@pytest.mark.parametrize(
    "text", ["203.0.113.7", "::ffff:203.0.113.7", "[203.0.113.7]", " 203.0.113.7", "203.0.113.7:1"]
)
def test_an_address_is_in_its_network_in_any_form(text: str) -> None:
    address = address_in(text)
    assert address is not None
    assert address in network_in("203.0.113.0/24")
    assert address in network_in("::ffff:203.0.113.0/120")
