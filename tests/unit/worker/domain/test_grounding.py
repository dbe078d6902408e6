"""Which figures of a statement occur in what it cites, and which do not."""

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from worker.domain.grounding import source_of, ungrounded
from worker.domain.quantity_parser import read_figures

RECORD: JsonValue = {
    "customer_id": 117,
    "as_of": "2026-05-04T12:00:00Z",
    "spend_last_30_days_minor": 123456,
    "currency": "USD",
    "share": 0.125,
    "average_gb": 2.345,
    "device": {"device_id": "dev-x0117-phone", "ip": "203.0.113.7", "name": "Litware One 5"},
    "note": "Paid 1,299.50 on 3 May at 2:05 pm; 40% off; order r-77/b",
    "charges": [
        {"charge_id": "ch-1042", "amount_minor": 1299, "currency": "USD", "at": "2026-05-03T11:58:09+00:00"},
        {"charge_id": "ch-1043", "amount_minor": 700, "currency": "JPY", "at": "2026-05-03T12:01:00+00:00"},
        {"charge_id": "ch-1044", "amount_minor": 1500, "currency": "KWD", "at": "2026-05-03T12:02:00+00:00"},
    ],
    "events": [{"amount": "88.5", "currency": "EUR", "latitude": -33.87}],
    "locked": True,
}
FIRST = datetime(1000, 1, 1)  # noqa: DTZ001 - hypothesis wants it without a zone
SOURCE = source_of(RECORD, {"customer_id": 117, "days": 90, "limit": 61})


@pytest.mark.parametrize(
    "statement",
    [
        "Nothing was unusual.",
        "Customer 117 spent 123456 minor units, that is 1,234.56 USD or $1234.56.",
        "USD 1'234.56, 1.234,56 USD or 1234,56 USD in the last 30 days.",
        "ch-1042 was 12.99 USD, ch-1043 700 JPY and CH-1044 1.500 KWD.",
        "An average of 2.345 GB, about 2.35 GB, 2.3GB or 2 GB.",
        "A share of 0.125, that is 12.5 % or 12%, either way.",
        "40 percent off is 0.40 of it.",
        "The amount of 88.50 EUR is 8850 cents of the event.",
        "On 2026-05-03 at 11:58 UTC, on 3 May 2026, on May 3rd, in 2026.",
        "At 2026-05-03T11:58:09Z; at 11:58:09; at 2:05 pm; at 12:01 PM.",
        "Three charges, 3 charges, two of them, none of 3, one after the other.",
        "Charges of the last 90 days.",
        "The device dev-x0117-phone, a Litware One 5 with 5G, came from 203.0.113.7; order r-77/b; 2FA is on.",
        "A latitude of -33.87.",
        "\uff11\uff12.\uff19\uff19 USD in full-width digits, 1\u202f299.50 with a thin space.",
    ],
)
def test_a_statement_may_repeat_what_its_evidence_says(statement: str) -> None:
    assert ungrounded(statement, [SOURCE], cited=1) is None


@pytest.mark.parametrize(
    ("statement", "figure"),
    [
        ("It cost 13.99 USD.", "13.99 USD"),
        ("It cost 12.98.", "12.98"),
        ("It cost 7.00 JPY.", "7.00 JPY"),
        ("The sum is 1,799 USD.", "1,799 USD"),
        ("That is 95 times the usual.", "95 times"),
        ("2 times the usual of 2.3 GB is 4.7 GB.", "4.7 GB"),
        ("The limit of 61 was reached.", "61"),
        ("2.3450001 GB", "2.3450001 GB"),
        ("A share of 14 %.", "14 %"),
        ("A share of 0.4001.", "0.4001"),
        ("They were 3 minutes apart.", "3 minutes"),
        ("They were three hours apart.", "three"),
        ("3 USD.", "3 USD"),
        ("4 charges.", "4"),
        ("Twelve charges.", "Twelve"),
        ("Charges of the last 91 days.", "91 days"),
        ("On 2026-05-05.", "2026-05-05"),
        ("On 3 May 2025.", "3 May 2025"),
        ("On 5 April.", "5 April"),
        ("In 2025.", "2025"),
        ("At 11:57.", "11:57"),
        ("At 11:58:10.", "11:58:10"),
        ("At 2 am.", "2 am"),
        ("Charge ch-104.", "ch-104"),
        ("Charge ch-10421.", "ch-10421"),
        ("Charge h-1042.", "h-1042"),
        ("Charge 1042.", "1042"),
        ("The device x0117-phone.", "x0117-phone"),
        ("The address 203.0.113.70.", "203.0.113.70"),
        ("\u0661\u0662.\u0669\u0668 USD in Arabic digits.", "\u0661\u0662.\u0669\u0668 USD"),
    ],
)
def test_figure_that_its_evidence_lacks_is_named(statement: str, figure: str) -> None:
    named = ungrounded(statement, [SOURCE], cited=1)
    assert named is not None
    assert named.lower().startswith(figure.lower())


def test_as_many_ids_as_are_cited_may_be_counted() -> None:
    assert ungrounded("5 failed logins.", [source_of({})], cited=5) is None
    assert ungrounded("6 failed logins.", [source_of({})], cited=5) == "6"


def test_several_sources_are_one() -> None:
    both = (source_of({"a": 70}), source_of({"b": [*[0] * 9], "c": "ch-1"}, {"days": 44}))
    assert ungrounded("70 GB for ch-1, 9 times noted in 44 days", both, cited=2) == "9 times"
    assert ungrounded("70 GB for ch-1, 9 notes in 44 days", both, cited=2) is None


numbers = st.decimals(min_value=0, max_value=10**9, places=3, allow_nan=False).map(abs)


@given(numbers, st.integers(0, 3))
def test_a_number_occurs_at_any_number_of_decimals(number: Decimal, decimals: int) -> None:
    source = source_of({"value": float(number)})
    assert ungrounded(f"It was {number:.{decimals}f} GB, or {number:,.{decimals}f} GB.", [source], cited=1) is None


@given(numbers, numbers)
def test_another_number_never_occurs(number: Decimal, other: Decimal) -> None:
    found = ungrounded(f"It was {other} GB.", [source_of({"value": str(number)})], cited=1)
    assert (found is None) is (number == other)


@given(st.integers(1, 10**9))
def test_an_amount_occurs_in_both_units(minor: int) -> None:
    minor_source = source_of({"amount_minor": minor, "currency": "EUR"})
    major_source = source_of({"amount": f"{Decimal(minor) / 100}", "currency": "EUR"})
    for source in (minor_source, major_source):
        assert ungrounded(f"{Decimal(minor) / 100:,.2f} EUR, in cents {minor} EUR", [source], cited=1) is None


@given(st.text(max_size=300))
def test_any_text_occurs_in_itself_or_is_named(text: str) -> None:
    read_figures(text)
    named = ungrounded(text, [source_of({})], cited=0)
    assert named is None or named


@given(st.datetimes(min_value=FIRST), st.lists(st.integers() | st.text(max_size=9), max_size=3))
def test_every_moment_occurs_in_its_parts(moment: datetime, beside: list[int | str]) -> None:
    iso = moment.isoformat(timespec="seconds")
    source = source_of({"at": iso, "beside": [*beside]})
    assert ungrounded(f"On {iso[:10]} at {iso[11:16]}, exactly {iso}.", [source], cited=1) is None


def test_what_every_row_names_is_read_once() -> None:
    source = source_of({"days": [{"data_mb": 1, "plan": "Basic"}, {"data_mb": 2, "plan": "Basic"}]})

    assert source.text.splitlines() == ["days", "data mb", "plan", "basic"]
    assert (source.numbers, source.entries) == ({Decimal(1), Decimal(2)}, 2)


@pytest.mark.parametrize(
    ("currency", "right", "wrong"),
    [("UGX", "6100 UGX", "61.00 UGX"), ("LYD", "6.100 LYD", "61.00 LYD"), ("CLF", "0.6100 CLF", "61.00 CLF")],
)
def test_minor_units_are_those_of_iso_4217(currency: str, right: str, wrong: str) -> None:
    source = source_of({"amount_minor": 6100, "currency": currency})

    assert ungrounded(f"It was {right}.", [source], cited=1) is None
    assert ungrounded(f"It was {wrong}.", [source], cited=1) is not None


@pytest.mark.parametrize("currency", [{"code": "EUR"}, ["EUR"], 978, None])
def test_currency_of_another_kind_is_read_with_hundredths(currency: JsonValue) -> None:
    assert source_of({"amount_minor": 1299, "currency": currency}).numbers >= {Decimal(1299), Decimal("12.99")}
