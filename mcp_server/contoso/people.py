"""The generated customers: name, home, devices, habits. Records are generated from these."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from mcp_server.contoso.chance import Chance
from mcp_server.contoso.geography import COUNTRIES, City, Country
from mcp_server.contoso.plans import SEGMENTS, Plan, SegmentHabits
from mcp_server.records.customer import Device, Segment
from mcp_server.text import folded

_PHONES = (
    "Fabrikam Phone 12", "Fabrikam Phone 14", "Fabrikam Phone 14 Pro", "Litware One", "Litware One Plus",
    "Proseware Note 9", "Proseware Note 10",
)  # fmt: skip
_OTHER_DEVICES = ("Adatum Tablet 11", "Northwind Laptop 13", "Tailspin Desktop", "Fabrikam Pad")
_HOME_WEIGHTS = {"US": 5, "GB": 2, "DE": 2, "FR": 2}
CONNECTIONS_PER_CUSTOMER = 2


@dataclass(frozen=True)
class Person:
    """The facts that all records of one customer follow from."""

    customer_id: int
    name: str
    email: str
    segment: Segment
    habits: SegmentHabits
    country: Country
    city: City
    devices: tuple[Device, ...]
    ips: tuple[str, ...]
    plan: Plan
    daily_gb: float
    """Median gigabytes a day."""
    autopay: bool
    since: date
    billing_day: int
    """The day of the month on which invoices are issued, 1 to 28."""


def make_person(chance: Chance, customer_id: int, as_of: date, plans: tuple[Plan, ...] | None = None) -> Person:
    """One person; `plans` narrows down which plans they may have."""
    segments: tuple[Segment, ...] = ("student", "consumer", "premium", "business")
    segment = chance.choices(segments, [SEGMENTS[name].share for name in segments])[0]
    habits = SEGMENTS[segment]
    codes = sorted(COUNTRIES)
    country = COUNTRIES[chance.choices(codes, [_HOME_WEIGHTS.get(code, 1) for code in codes])[0]]
    given, family = chance.choice(country.given_names), chance.choice(country.family_names)
    plan = chance.choice(plans or habits.plans)
    return Person(
        customer_id=customer_id,
        name=f"{given} {family}",
        email=f"{_ascii(given)}.{_ascii(family)}{customer_id}@example.com",
        segment=segment,
        habits=habits,
        country=country,
        city=chance.choice(country.cities),
        devices=_devices(chance, customer_id),
        ips=tuple(country.address(customer_id * CONNECTIONS_PER_CUSTOMER + n) for n in range(CONNECTIONS_PER_CUSTOMER)),
        plan=plan,
        daily_gb=_daily_gb(chance, plan),
        autopay=chance.random() < habits.autopay_share,
        since=as_of - timedelta(days=chance.randint(200, 3000)),
        billing_day=chance.randint(1, 28),
    )


def _devices(chance: Chance, customer_id: int) -> tuple[Device, ...]:
    names = [chance.choice(_PHONES), *chance.sample(_OTHER_DEVICES, chance.randint(0, 2))]
    return tuple(Device(device_id=f"dev-{customer_id:04}-{n}", name=name) for n, name in enumerate(names, start=1))


def _daily_gb(chance: Chance, plan: Plan) -> float:
    """Ordinary people stay under their cap: 35 to 70 per cent of it."""
    if plan.cap_gb is None:
        return round(chance.uniform(2.0, 5.0), 2)
    return round(plan.cap_gb / 30 * chance.uniform(0.35, 0.7), 3)


def _ascii(name: str) -> str:
    return re.sub(r"[^a-z]", "", folded(name))
