"""Amounts have the decimals that ISO 4217 gives their currency, on every side."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from contracts.money import OTHER_MINOR_DIGITS, in_major_units, to_minor_unit, written

WEB_TABLE = Path(__file__).parents[3] / "web" / "src" / "shared" / "format" / "currencies.ts"


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("500000", "JPY", "500,000 JPY"),
        ("1234.5", "EUR", "1,234.50 EUR"),
        ("1.5", "BHD", "1.500 BHD"),
        ("1234.5", "XOF", "1,234 XOF"),
        ("2.5", "IQD", "2.500 IQD"),
        ("3", "CLF", "3.0000 CLF"),
        ("7", "ZZZ", "7.00 ZZZ"),
    ],
)
def test_amounts_are_written_with_their_currency_s_decimals(amount: str, currency: str, text: str) -> None:
    assert written(Decimal(amount), currency) == text


@pytest.mark.parametrize(
    ("minor", "currency", "major"), [(1_299, "USD", "12.99"), (1_299, "UGX", "1299"), (1_299, "JOD", "1.299")]
)
def test_minor_units_become_major_ones_exactly(minor: int, currency: str, major: str) -> None:
    assert str(in_major_units(minor, currency)) == major


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [("5000.000000000001", "EUR", "5000.00"), ("4999.999999999", "EUR", "5000.00"), ("2000.5", "JPY", "2001")],
)
def test_amounts_are_rounded_to_the_minor_unit(amount: str, currency: str, rounded: str) -> None:
    assert str(to_minor_unit(Decimal(amount), currency)) == rounded


def test_the_web_has_the_same_table() -> None:
    rows = re.findall(r'\["([A-Z ]+)", (\d)\]', WEB_TABLE.read_text(encoding="utf-8"))
    assert {code: int(digits) for codes, digits in rows for code in codes.split()} == OTHER_MINOR_DIGITS
