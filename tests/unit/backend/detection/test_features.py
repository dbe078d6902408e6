"""Each charge is a level of each feature; the levels say to an analyst what they mean."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.detection.features import CURRENCY_LETTERS, FEATURES, feature_vector, usual_amounts
from backend.detection.state.acceptors import AcceptorHistory, Acceptors
from backend.detection.state.customer import CustomerState
from backend.detection.state.pace import DAY_S, ChargePace
from contracts.money import in_major_units
from contracts.telemetry import TransactionAttributes, TransactionEvent

MONDAY = 1_769_990_400.0
"""2026-02-02, midnight UTC."""


class Customer:
    """One customer, whose charges become feature vectors."""

    def __init__(self) -> None:
        self._state = CustomerState()
        self._pace = ChargePace()

    def pays(
        self,
        at: float,
        amount: int,
        currency: str = "USD",
        terminal: str | None = None,
        acceptor: AcceptorHistory | None = None,
    ) -> bytes:
        """The vector of a charge in minor units."""
        attributes = TransactionAttributes(
            amount=in_major_units(amount, currency).quantize(Decimal("0.001")), currency=currency, terminal_id=terminal
        )
        event = TransactionEvent(
            event_id="any", customer_id=1, occurred_at=datetime.fromtimestamp(at, tz=UTC), attributes=attributes
        )
        facts = self._state.charge(event, at)
        return feature_vector(at, facts, self._pace.charge(at, usual_amounts(facts)), acceptor)


def levels(vector: bytes) -> dict[str, str]:
    """What the levels of a vector say."""
    return {each.name: each.levels[level] for each, level in zip(FEATURES, vector[CURRENCY_LETTERS:], strict=True)}


def regular(charges: int = 30) -> tuple[Customer, float]:
    """A customer who spends 50 dollars a day, and the time of the next charge."""
    customer = Customer()
    for day in range(charges):
        customer.pays(MONDAY + day * DAY_S, 5_000, "USD", "T1")
    return customer, MONDAY + charges * DAY_S


KNOWN = AcceptorHistory(2.0, 60.0, 10.0, 6.0, 5, 9 * DAY_S, 7.5 * DAY_S)


def test_five_times_the_usual_amount_is_told() -> None:
    customer, at = regular()

    said = levels(customer.pays(at, 25_000, "USD", "T9", KNOWN))

    assert said["ratio"] == "5 to 6 times"
    assert said["deviations"] == "10 deviations or more"
    assert said["largest"] == "3 times or more"
    assert said["amount"] == "181 to 256"
    assert said["new_acceptor"] == "new"


def test_first_charge_has_levels_that_say_unknown() -> None:
    said = levels(Customer().pays(MONDAY, 5_000))
    for name in ("ratio", "deviations", "largest", "peak", "new_acceptor", "streak", "fraud_share", "acceptor_pace"):
        assert said[name] == "not known"


def test_peak_of_the_week_is_told_afterwards() -> None:
    customer, at = regular()
    customer.pays(at, 25_000)
    assert levels(customer.pays(at + 3_600, 5_000))["peak"] == "4 to 6 times the usual"


def test_charges_within_an_hour_are_told() -> None:
    customer, at = regular()
    for minute in range(4):
        said = levels(customer.pays(at + 60 * minute, 5_000))
    assert said["in_hour"] == "4 to 6 charges"  # pyright: ignore[reportPossiblyUnboundVariable]


def test_confirmed_frauds_at_the_terminal_are_told() -> None:
    customer, at = regular()

    said = levels(customer.pays(at, 5_000, "USD", "T1", KNOWN))

    assert said["streak"] == "4 in a row or more"
    assert said["streak_age"] == "7 to 14 days"
    assert said["fraud_share"] == "50 to 75 %"
    assert said["label_age"] == "below 8 days"
    assert said["new_acceptor"] == "known"


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (0, "Monday to Friday, 00:00 to 06:00 UTC"),
        (13, "Monday to Friday, 12:00 to 18:00 UTC"),
        (5 * 24 + 23, "weekend, 18:00 to 24:00 UTC"),
    ],
)
def test_time_of_week_is_told(hours: int, said: str) -> None:
    assert levels(Customer().pays(MONDAY + hours * 3_600, 100))["time_of_week"] == said


@pytest.mark.parametrize(
    ("amount", "currency", "said"),
    [
        (0, "USD", "up to 1"),
        (100, "USD", "up to 1"),
        (150, "USD", "1 to 2"),
        (500, "JPY", "362 to 512"),
        (500_000, "KWD", "362 to 512"),
        (10**12, "USD", "1,048,576 or more"),
    ],
)
def test_amounts_are_compared_in_major_units(amount: int, currency: str, said: str) -> None:
    vector = Customer().pays(MONDAY, amount, currency)
    assert vector[:CURRENCY_LETTERS] == currency.encode()
    assert levels(vector)["amount"] == said


@given(
    st.lists(
        st.tuples(
            st.floats(-9 * DAY_S, 90 * DAY_S, allow_nan=False),
            st.integers(0, 10**12),
            st.sampled_from(["USD", "JPY", "KWD"]),
            st.sampled_from(["T1", "T2"]),
            st.sampled_from([None, True, False]),
        ),
        max_size=40,
    )
)
def test_every_charge_has_a_level_of_every_feature(values: list[tuple[float, int, str, str, bool | None]]) -> None:
    customer, acceptors = Customer(), Acceptors()
    for offset, amount, currency, terminal, label in values:
        at = MONDAY + offset
        vector = customer.pays(at, amount, currency, terminal, acceptors.observe(terminal, at))
        assert len(levels(vector)) == len(FEATURES)
        if label is not None:
            acceptors.label(terminal, at, label)
