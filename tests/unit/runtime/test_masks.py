"""What is left of a personal value, and what is none."""

import pytest

from runtime.masked_numbers import mask_number
from runtime.masks import mask_ip, mask_log_line, mask_name, mask_text


@pytest.mark.parametrize(
    ("given", "masked"),
    [
        ("Write to ana@example.com.", "Write to a…@example.com."),
        ("'ana.o'brien@mail.example.co.uk'", "a…@mail.example.co.uk'"),
        ("/users?mail=ana%40example.com&x=1", "/users?mail=a…%40example.com&x=1"),
        ("mail=ana%2540example.com, ana\\u0040example.com", "mail=a…%2540example.com, a…\\u0040example.com"),
        (chr(0xFF11) + "11 ana" + chr(0xFF20) + "example.com", "111 a…@example.com"),
        ("\u0660\u0661\u0667\u0661 2345678, \u0665", "…78, 5"),
        (
            "ec2-203-0-113-7.example.net, 203-0-113-7.dsl.example",
            "ec2-203-0-113-….example.net, 203-0-113-….dsl.example",
        ),
        ("from 203.0.113.7:443 and 10.0.0.7", "from 203.0.113.…:443 and 10.0.0.…"),
        ("at [2001:db8:1:2::7]:443, or 2001:db8::1.", "at [2001:db8:1:…]:443, or 2001:db8:0:…."),
        ("as ::ffff:203.0.113.9 or 203.000.113.009", "as 203.0.113.… or 203.0.113.…"),
        ("network 192.0.2.0/24", "network 192.0.2.…/24"),
        ("ip:2001:db8::1, addr=2001:db8:1:2:3:4:5:6", "ip:2001:db8:0:…, addr=2001:db8:1:…"),
        ("ip:[2001:db8::1]:443 and 2001:db8::1.443", "ip:[2001:db8:0:…]:443 and 2001:db8:0:….443"),
        ("12:34:56:2001:db8::1", "12:34:56:2001:db8:0:…"),
        ("203.0.113.7.443 > 10.0.0.7.51234:", "203.0.113.….443 > 10.0.0.….51234:"),
        ("203.0.113.7,10.0.0.7", "203.0.113.…,10.0.0.…"),
        ("Client/203.0.113.7 and db/203.0.113.7:1", "Client/203.0.113.… and db/203.0.113.…:1"),
        ("2001:db8:1:2:3…", "2001:db8:1:…"),
        ("ana@examp…", "a…@examp…"),
        ("ana@mail.… and ana@…", "a…@mail.… and a…@…"),
        ("call +47 22 33 44 55 or 0047-22334455", "call …55 or …55"),
        ("call (555) 123-4567, 555-123-4567, 07700 900123", "call …67, …67, …23"),
        ("card 4111 1111 1111 1111 or 4111111111111111", "card …1111 or …1111"),
        ("to NO93 8601 1117 947 or DE89370400440532013000", "to NO…47 or DE…00"),
    ],
)
def test_text_keeps_what_a_decision_needs(given: str, masked: str) -> None:
    assert mask_text(given) == masked
    assert mask_text(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "at 12:34:56 on 2026-03-14T12:34:56.123Z, 2026-03-14 12:34:56+00:00",
        "1,234,567.89 EUR, 4.111.111.111.111,11, 12.50 GB, 1700000000000, 4111111111111112",
        "case-20260314-120000-4567 and case-1:lock_account:105, chg-4111111111111111",
        "sha256:00112233445566778899aabbccddeeff, session-00:1a:2b:3c:4d:5e",
        "6f1c2d3e-1234-4567-8901-123456789012",
        "http://127.0.0.1:8001, ::1, 0.0.0.0",
        "login from Oslo, NO",
        "1.2.3.4.5, 999.1.1.1, 1.3.6.1.4.1.311",
        "Chrome/120.0.0.0 Edg/120.1.2.3, v1.2.3.4, version 1.2.3.4, release: 1.2.3.4",
        "section 2.1.3.4, § 2.1.3.4, 555-123-456-78.example, 1-2-3-4, 10-11-12-13 items",
        "\u0660\u0661 of \u0665",
        "std::a::b, abc::def, items[1::2], 12:34:56.789",
    ],
)
def test_what_is_nobodys_stays(text: str) -> None:
    assert mask_text(text) == text


def test_values_of_fields_are_masked_whole() -> None:
    assert (mask_ip("203.0.113.7"), mask_ip("unknown host"), mask_ip("::1")) == ("203.0.113.…", "u…", "::1")
    assert [mask_name(name) for name in ("Maria  Keller", "M. K.", "Keller, Anna-Lena")] == [
        "M. K.",
        "M. K.",
        "K., A. L.",
    ]
    assert (mask_number("+47 22334455"), mask_number("none")) == ("…55", "…")


@pytest.mark.parametrize(
    "piece", ["a", "a.", "1", "1 ", ":", "a:", "1.", "a@", "'", "AB12 ", "+1 ", "0123 ", "a@a.", "a-", "(12) "]
)
def test_long_texts_are_read_once(piece: str) -> None:
    # Were each begin read again from each of its parts, this would take days.
    assert len(mask_text(piece * 200_000)) > 0


def test_log_line_keeps_addresses_of_the_inside() -> None:
    assert (
        mask_log_line("ana@example.com at 198.51.100.7, 2001:db8:1::7")
        == "a…@example.com at 198.51.100.…, 2001:db8:1:…"
    )
    listening = "http://127.0.0.1:8001, 0.0.0.0:8000, 10.1.2.3:5432, 192.168.0.7, fd00::7, call 0415/123 4567"
    assert mask_log_line(listening) == listening
