"""Events to deliver, and names that lie where a test says."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address

from backend.delivery.addresses import Address, Resolver
from contracts.domain_events import CloudEvent
from tests.unit.casebook.builders import NOON


@dataclass
class FrozenClock:
    """The time stands still until a test moves it."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


def an_event(number: int = 1, subject: str = "task/task-1", name: str = "TaskDeleted", **data: str) -> CloudEvent:
    """An event as the outbox gives it."""
    return CloudEvent(
        id=f"{number}-{name}",
        source="urn:casewright:test",
        type=f"casewright.{name}",
        subject=subject,
        time=NOON,
        sequence=f"{number:020d}",
        data={"task_id": subject, **data},
    )


def names(**addresses: Sequence[str]) -> Resolver:
    """Knows these names and no other, and addresses; `_` stands for the dot of a name."""
    known = {name.replace("_", "."): found for name, found in addresses.items()}

    async def look_up(host: str, port: int) -> Sequence[Address]:
        with suppress(ValueError):
            return [ip_address(host)]
        if found := known.get(host.removesuffix(".")):
            return [ip_address(address) for address in found]
        raise OSError("no such name")

    return look_up


def changing(*answers: Sequence[str]) -> tuple[Resolver, Callable[[], int]]:
    """A name server that says something else each time, and how often it was asked."""
    asked = 0

    async def look_up(host: str, port: int) -> Sequence[Address]:
        nonlocal asked
        asked += 1
        return [ip_address(address) for address in answers[min(asked, len(answers)) - 1]]

    return look_up, lambda: asked
