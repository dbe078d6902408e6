"""Amounts and currencies of a transaction: rounded, or named as unreadable, and never guessed."""

import pytest

from contracts.telemetry_dead_letters import DeadLetter
from tests.unit.contracts.telemetry_lines import judged, line, read


@pytest.mark.parametrize(
    ("amount", "currency", "kept", "mended"),
    [
        ("5000.000000000001", "EUR", "5000.00", {"amount_rounded": 1}),
        ("4999.999999999999", "EUR", "5000.00", {"amount_rounded": 1}),
        ("0.1", "EUR", "0.1", {}),
        ("12.3400", "EUR", "12.34", {}),
        ('"12.50"', "EUR", "12.50", {}),
        ('" 12.5 "', "EUR", "12.5", {}),
        ("2000.4999", "JPY", "2000", {"amount_rounded": 1}),
        ("1.2345", "BHD", "1.235", {"amount_rounded": 1}),
        ("12.5", "eur", "12.5", {"currency_spelt": 1}),
        ("1e3", "EUR", "1000.0", {}),
    ],
)
def test_amounts_are_rounded_to_the_minor_unit(amount: str, currency: str, kept: str, mended: dict[str, int]) -> None:
    attributes, found = judged(line("transaction", {"currency": currency}).replace("12.5", amount, 1))

    assert (str(attributes["amount"]), attributes["currency"]) == (kept, currency.upper())
    assert found == mended


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e999", '"1e999999"', '"1,5"', "null", "true", "1" * 25])
def test_a_transaction_without_an_amount_is_not_evaluated(amount: str) -> None:
    reading, mended = read(line("transaction").replace("12.5", amount, 1))

    assert isinstance(reading, DeadLetter)
    assert (reading.kind, reading.reason.split(":")[0]) == ("unreadable", "transaction.attributes.amount")
    assert mended == {}


@pytest.mark.parametrize(
    "amount",
    ["5,000.00", "5.000,00", "5'000.00", "\u20ac5000.00", "EUR 5000", "5000 EUR", "5 000.00", "1,5", "", "n/a"],
)
def test_an_amount_of_another_form_is_not_guessed(amount: str) -> None:
    reading, _ = read(line("transaction", {"amount": amount}))
    assert isinstance(reading, DeadLetter)
    assert reading.reason == (
        f"transaction.attributes.amount: {amount!r} is not read; "
        "write digits with a point before the decimals and nothing else, such as 5000.00"
    )


@pytest.mark.parametrize("currency", ["\u20ac", "EURO", "999", "532", "", "1978", 5])
def test_a_currency_of_another_form_is_named(currency: object) -> None:
    reading, _ = read(line("transaction", {"currency": currency}))
    assert isinstance(reading, DeadLetter)
    assert reading.reason == (
        f"transaction.attributes.currency: {str(currency)!r} is not read; "
        "write the three letters or digits of ISO 4217, such as EUR or 978"
    )


@pytest.mark.parametrize(
    ("given", "code"), [("978", "EUR"), (978, "EUR"), ("036", "AUD"), (36, "AUD"), (" 392 ", "JPY")]
)
def test_a_currency_is_read_by_its_number(given: object, code: str) -> None:
    attributes, mended = judged(line("transaction", {"currency": given, "amount": 12}))
    assert (attributes["currency"], mended) == (code, {"currency_spelt": 1})


@pytest.mark.parametrize(
    ("given", "amount"), [(-12, "12"), ("-12.50", "12.50"), (-0.005, "0.01"), ("-5000.004", "5000.00")]
)
def test_an_amount_below_zero_is_a_refund(given: object, amount: str) -> None:
    attributes, mended = judged(line("transaction", {"amount": given}))
    assert (attributes["type"], str(attributes["amount"])) == ("refund", amount)
    assert mended["refund_negative"] == 1


def test_a_refund_that_says_so_needs_no_repair() -> None:
    attributes, mended = judged(line("transaction", {"amount": -12, "type": "refund"}))
    assert (attributes["type"], str(attributes["amount"]), dict(mended)) == ("refund", "12", {})


@pytest.mark.parametrize(
    ("given", "kind", "mended"),
    [
        ("withdrawal", "withdrawal", {"sign_dropped": 1}),
        ("purchase", "purchase", {"sign_dropped": 1}),
        (" Transfer", "transfer", {"type_spelt": 1, "sign_dropped": 1}),
        ("REFUND", "refund", {"type_spelt": 1}),
        (None, "refund", {"refund_negative": 1}),
        ("debit", "refund", {"refund_negative": 1, "attribute_dropped": 1}),
    ],
)
def test_a_type_counts_more_than_the_sign(given: str | None, kind: str, mended: dict[str, int]) -> None:
    attributes, found = judged(line("transaction", {"amount": -5000, "type": given}))
    assert (attributes["type"], str(attributes["amount"]), found) == (kind, "5000", mended)
    assert attributes.get("unused_fields") == ({"type": "debit"} if given == "debit" else None)


def test_less_than_a_cent_below_zero_is_no_charge() -> None:
    attributes, mended = judged(line("transaction", {"amount": -0.004}))
    assert (attributes["type"], str(attributes["amount"])) == ("refund", "0.00")
    assert mended == {"amount_rounded": 1, "refund_negative": 1}
    assert str(judged(line("transaction", {"amount": "-0.0"}))[0]["amount"]) == "0.0"
