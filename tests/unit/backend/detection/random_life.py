"""Events of a few customers, made at random, in which every rule has something to find."""

from collections.abc import Callable
from datetime import datetime
from random import Random

from hypothesis import settings
from hypothesis import strategies as st

from contracts.telemetry import TelemetryEvent
from tests.unit.backend.detection.events import (
    CUSTOMER,
    LISBON,
    MADRID,
    NEW_YORK,
    at,
    call,
    change,
    charge,
    failure,
    login,
    usage,
)

seeds = st.integers(0, 2**32)
few = settings(max_examples=min(40, settings().max_examples))


def random_life(random: Random, length: int = 150) -> list[TelemetryEvent]:
    """Events of all kinds at a few coarse times, so that many share one."""

    def ip() -> str:
        return f"192.0.2.{random.randrange(4)}"

    def logins(when: datetime) -> list[TelemetryEvent]:
        place = random.choice((LISBON, MADRID, NEW_YORK, "US", None))
        return [login(when, place, success=random.random() < 0.7, ip=random.choice((None, ip())))]

    def failures(when: datetime) -> list[TelemetryEvent]:
        return [failure(when, ip=ip()) for _ in range(random.choice((1, 1, 6)))]

    def spraying(when: datetime) -> list[TelemetryEvent]:
        sprayed = random.choice((0, 10))
        return [failure(when, ip="192.0.2.9", customer=CUSTOMER + number) for number in range(sprayed)]

    def charges(when: datetime) -> list[TelemetryEvent]:
        amount = random.choice(("20", "30") * 5 + ("900",))
        return [
            charge(when, amount, type=random.choice((None, "transfer"))) for _ in range(random.choice((1, 1, 1, 9)))
        ]

    makers: list[Callable[[datetime], list[TelemetryEvent]]] = [
        logins,
        failures,
        spraying,
        charges,
        lambda when: [usage(when, random.choice((1.0,) * 15 + (400.0,)))],
        lambda when: [call(when) for _ in range(random.choice((1, 15)))],
        lambda when: [change(when, random.choice(("sim", "email", "address")))] if random.random() < 0.2 else [],
    ]
    minutes = sorted(random.choice((1, 3, 7, 400)) * random.randrange(40) for _ in range(length))
    return [event for minute in minutes for event in random.choice(makers)(at(minute))]
