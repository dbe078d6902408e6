"""The features of the risk score: each charge as a row of levels, one byte a feature.

Levels instead of numbers make the score a scorecard: no scaling, no outlier that outweighs all else, a weight that can
be read for each level, and drift as the share of charges on each level. Level 0 of a feature says "not known".
"""

from bisect import bisect_right
from itertools import pairwise
from math import log2
from typing import Final, NamedTuple

from backend.detection.state.acceptors import AcceptorHistory
from backend.detection.state.customer import ChargeFacts
from backend.detection.state.pace import DAY_S, Pace
from contracts.money import minor_factor

FEATURE_SET: Final = 1
"""Raised by every change of the features or their levels: a model of another set must not be used."""


class Feature(NamedTuple):
    """One feature: its name in a model file, and what it and each of its levels say to an analyst."""

    name: str
    says: str
    levels: tuple[str, ...]


_RATIO = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.25, 2.5, 2.75, 3.0, 3.5, 4.0, 5.0, 6.0)
_DEVIATIONS = (-1.0, 0.0, 1.0, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0, 10.0)
_LARGEST = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)
_PEAK = (1.5, 2.0, 2.5, 3.0, 4.0, 6.0)
_PACE = (0.5, 1.0, 2.0, 3.0, 4.0)
_IN_HOUR = (2.0, 3.0, 4.0, 6.0)
_SHARE = (1.0, 3.0, 10.0, 25.0, 50.0, 75.0)
_STREAK_DAYS = (7.0, 14.0, 21.0, 28.0, 35.0)
_LABEL_DAYS = (8.0, 10.0, 14.0, 21.0, 28.0)
_LONGEST_STREAK = 4
_HALF_OCTAVES = 40
"""Up to a million major units; more is on the same level."""
_HALF_OCTAVE = 2**0.5
_UNKNOWN = "not known"


def _ranges(edges: tuple[float, ...], unit: str) -> tuple[str, ...]:
    return (
        _UNKNOWN,
        f"below {edges[0]:g} {unit}",
        *(f"{low:g} to {high:g} {unit}" for low, high in pairwise(edges)),
        f"{edges[-1]:g} {unit} or more",
    )


_AMOUNTS = ("up to 1", *(f"{_HALF_OCTAVE**each:,.0f} to {_HALF_OCTAVE ** (each + 1):,.0f}" for each in range(1, 40)))
_HOURS = tuple(
    f"{days}, {hour:02}:00 to {hour + 6:02}:00 UTC"
    for days in ("Monday to Friday", "weekend")
    for hour in range(0, 24, 6)
)
_STREAKS = (
    _UNKNOWN,
    "none",
    *(f"{count} in a row" for count in range(1, _LONGEST_STREAK)),
    f"{_LONGEST_STREAK} in a row or more",
)

FEATURES: Final = (
    Feature("amount", "the amount", (*_AMOUNTS, f"{_HALF_OCTAVE**_HALF_OCTAVES:,.0f} or more")),
    Feature("ratio", "the amount against the customer's usual one", _ranges(_RATIO, "times")),
    Feature("deviations", "the amount above the customer's usual one", _ranges(_DEVIATIONS, "deviations")),
    Feature("largest", "the amount against the customer's largest", _ranges(_LARGEST, "times")),
    Feature("peak", "the largest amount of the customer's last week", _ranges(_PEAK, "times the usual")),
    Feature("in_hour", "charges of the customer within an hour", _ranges(_IN_HOUR, "charges")),
    Feature("last_day", "charges of the customer in the last day", _ranges(_PACE, "times the usual")),
    Feature("time_of_week", "the time of the week", (_UNKNOWN, *_HOURS)),
    Feature("new_acceptor", "the terminal or merchant to the customer", (_UNKNOWN, "new", "known")),
    Feature("streak", "confirmed frauds at the terminal or merchant", _STREAKS),
    Feature("streak_age", "since fraud began at the terminal or merchant", _ranges(_STREAK_DAYS, "days")),
    Feature("fraud_share", "confirmed fraud at the terminal or merchant", _ranges(_SHARE, "%")),
    Feature("label_age", "since the last known verdict there", _ranges(_LABEL_DAYS, "days")),
    Feature("acceptor_pace", "charges at the terminal or merchant in the last day", _ranges(_PACE, "times the usual")),
)
"""In the order of the bytes of a vector, after the three letters of its currency."""

CURRENCY_LETTERS: Final = 3
LEAST_HISTORY: Final = 3.0
"""Charges in the currency, from which on there is a usual amount."""
_QUARTER_S: Final = 6 * 3_600.0
_HISTORY_DAYS: Final = 31.5
"""A history spans 21 to 42 days."""


def usual_amounts(charge: ChargeFacts) -> float:
    """The charge in usual amounts; 1 as long as nobody knows what is usual."""
    spending = charge.spending
    return spending.amount / spending.mean if spending.history.size >= LEAST_HISTORY and spending.mean > 0 else 1.0


def feature_vector(t: float, charge: ChargeFacts, pace: Pace, acceptor: AcceptorHistory | None) -> bytes:
    """The currency of a charge at `t`, in seconds since 1970, and its level of each feature.

    `acceptor` is what is known of its terminal or merchant, None where the charge names none.
    """
    amount, history, mean, deviation = charge.spending
    ratio = deviations = largest = peak = new_acceptor = 0
    if history.size >= LEAST_HISTORY and mean > 0:
        ratio = 1 + bisect_right(_RATIO, amount / mean)
        deviations = 1 + bisect_right(_DEVIATIONS, (amount - mean) / deviation)
        largest = 1 + bisect_right(_LARGEST, amount / history.largest)
        peak = 1 + bisect_right(_PEAK, pace.peak)
    streak = streak_age = share = label_age = acceptor_pace = 0
    if acceptor is not None:
        new_acceptor = 1 if charge.merchant_since is None else 2
        acceptor_pace = 1 + bisect_right(_PACE, acceptor.last_day / (acceptor.last_month / 30 + 0.5))
        if acceptor.labelled:
            streak = 1 + min(acceptor.streak, _LONGEST_STREAK)
            share = 1 + bisect_right(_SHARE, 100 * acceptor.frauds / (acceptor.labelled + 1.0))
            label_age = 1 + bisect_right(_LABEL_DAYS, acceptor.label_age / DAY_S)
            if acceptor.streak:
                streak_age = 1 + bisect_right(_STREAK_DAYS, acceptor.streak_age / DAY_S)
    day, second = divmod(t, DAY_S)
    return charge.currency.encode() + bytes(
        (
            _amount_level(amount, charge.currency),
            ratio,
            deviations,
            largest,
            peak,
            1 + bisect_right(_IN_HOUR, charge.in_hour),
            1 + bisect_right(_PACE, pace.day / (history.size / _HISTORY_DAYS + 0.5)),
            1 + int(second // _QUARTER_S) + (4 if (day + 3) % 7 >= 5 else 0),
            new_acceptor,
            streak,
            streak_age,
            share,
            label_age,
            acceptor_pace,
        )
    )


def _amount_level(amount: float, currency: str) -> int:
    """Half octaves of the major unit: up to 1, up to 1.41, up to 2 …"""
    major = amount / minor_factor(currency)
    return min(_HALF_OCTAVES, int(2 * log2(major))) if major > 1 else 0
