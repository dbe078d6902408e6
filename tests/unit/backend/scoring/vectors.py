"""Charges in one line each, as the risk score sees them."""

from random import Random

from backend.detection.features import FEATURES
from backend.scoring.late_labels import ChargeKey

STREAK = next(place for place, each in enumerate(FEATURES) if each.name == "streak")
RATIO = next(place for place, each in enumerate(FEATURES) if each.name == "ratio")

START = 1_770_000_000.0


def key(event_id: str, customer_id: int = 1) -> ChargeKey:
    """Of a charge."""
    return ChargeKey(customer_id, event_id)


def vector(*, streak: int = 1, ratio: int = 5, currency: str = "USD") -> bytes:
    """A usual charge, but for the levels named."""
    levels = [1] * len(FEATURES)
    levels[STREAK], levels[RATIO] = streak, ratio
    return currency.encode() + bytes(levels)


def random_vector(random: Random) -> bytes:
    """Any level of each feature."""
    return b"USD" + bytes(random.randrange(len(each.levels)) for each in FEATURES)
