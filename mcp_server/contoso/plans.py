"""The price list and what goes with each segment. Prices in US dollars; each country's are rounded in its money."""

from collections.abc import Mapping
from dataclasses import dataclass

from mcp_server.contoso.geography import Country


@dataclass(frozen=True)
class Plan:
    """`cap_gb` is per 30 days; None means unlimited."""

    name: str
    cap_gb: float | None
    fee_usd: float


BASIC = Plan("Contoso Basic 10 GB", 10, 15)
PLUS = Plan("Contoso Plus 50 GB", 50, 29)
MAX = Plan("Contoso Max 150 GB", 150, 45)
UNLIMITED = Plan("Contoso Unlimited", None, 59)
FAMILY = Plan("Contoso Family 300 GB", 300, 85)
DATA_SIM = Plan("Contoso Data SIM 20 GB", 20, 12)
ROAMING = Plan("Contoso World Roaming, 30 days", 20, 25)


@dataclass(frozen=True)
class SegmentHabits:
    """What customers of a segment usually buy; `plans` are equally likely."""

    share: float
    plans: tuple[Plan, ...]
    charges_per_month: float
    median_charge_usd: float
    orders_per_quarter: float
    autopay_share: float
    second_line_share: float


SEGMENTS: Mapping[str, SegmentHabits] = {
    "student": SegmentHabits(0.2, (BASIC, PLUS), 9, 9, 0.5, 0.5, 0.0),
    "consumer": SegmentHabits(0.5, (BASIC, PLUS, PLUS, MAX), 14, 18, 1.0, 0.65, 0.1),
    "premium": SegmentHabits(0.18, (MAX, UNLIMITED), 18, 38, 2.0, 0.85, 0.3),
    "business": SegmentHabits(0.12, (MAX, UNLIMITED, UNLIMITED), 22, 60, 2.5, 0.9, 0.5),
}


def fee_minor(plan: Plan, country: Country) -> int:
    """The plan's monthly fee in minor units of the country's currency, a price that looks like a price."""
    return round(plan.fee_usd * country.units_per_usd) * 100 - 1


def to_minor(usd: float, country: Country) -> int:
    """US dollars as minor units of the country's currency, at least one."""
    return max(1, round(usd * country.units_per_usd * 100))
