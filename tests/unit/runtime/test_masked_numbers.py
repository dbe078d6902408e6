"""Telephones, cards and bank accounts in texts, and numbers that are none of them."""

import pytest

from runtime.masked_numbers import mask_numbers


@pytest.mark.parametrize(
    ("given", "masked"),
    [
        ("+49 171 - 123 45 67", "…67"),
        ("+49 (0) 171 / 123.45.67, + 49 171 1234567", "…67, …67"),
        ("+49\u00a0171\u202f123\u20114567", "…67"),
        ("+4722334455,4722334466", "…55,4722334466"),
        ("+47 22 33 44 55 1234567890", "…55 1234567890"),
        ("01712345678 or 5551234567", "…78 or …67"),
        ("(0171) 123 4567, 020 7946 0958, 06 12 34 56 78, 22 33 44 55", "…67, …58, …78, …55"),
        ("2026-03-14 01712345678", "2026-03-14 …78"),
        ("Keller,01712345678", "Keller,…78"),
        ("1-800-555-1234, 555 1234567, 555.123.4567", "…34, …67, …67"),
        ("Tel. 5551234, phone no. 1234567, WhatsApp: 22334455", "Tel. …34, phone no. …67, WhatsApp: …55"),
        ("call me back at (0171) 12345, Téléphone 1234567", "call me back at …45, Téléphone …67"),
        ("asked to call +49 171 12345…", "asked to call …45…"),
        ("203.0.113.… called from 01712345678", "203.0.113.… called from …78"),
        ("card:4111111111111111, #4111111111111111", "card:…1111, #…1111"),
        ("4111\u00a01111\u00a01111\u00a01111, 4111  1111  1111  1111", "…1111, …1111"),
        ("from:01712345678, nr.01712345678", "from:…78, nr.…78"),
        ("no9386011117947, NO93-8601-1117-947", "no…47, NO…47"),
        ("AT61 1904 3002 3457 3201 FROM here", "AT…01 FROM here"),
        ("Amex 378282246310005, 3782 822463 10005", "Amex …0005, …0005"),
    ],
)
def test_numbers_are_masked_by_form_and_word(given: str, masked: str) -> None:
    assert mask_numbers(given) == masked
    assert mask_numbers(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "order 4512345678, order no. 0171234567, ticket #5551234567, id=5551234567, order 0012345678",
        "+12.345.678,90 EUR, $5551234567, EUR 5551234567, 4512345678 bytes, 0.5551234567, 59.9138688, 5551234567.5",
        "1700000000, 1700000000123, ts=20260314123456, called at 2026-03-14 12:34:56, call on 01/02/2026 12:00",
        "orders 5551234567, ids: 5551234567, invoices 0171234567",
        "59.9138688 10.7522454, 12:01712345678, 1.01712345678",
        "ab48cdef-1234-5678-9abc-def012345678, de48370400440532013000",
        "called 1234567 times, build 5551234567, version 5551234567",
        "4222222222222222222, 2222222222222, 5111111111118",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    assert mask_numbers(text) == text
