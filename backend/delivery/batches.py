"""Sends one batch of deliveries to a receiver: subjects side by side, each in order."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from backend.delivery.retries import outage_until, retry_at
from backend.delivery.webhooks import Answer
from casebook.commands.deliveries import DeliveryResult, Failure
from casebook.queries.deliveries import Delivery, DeliveryBatch
from contracts.domain_events import CloudEvent

log = logging.getLogger("casewright.delivery")

SUBJECTS_AT_ONCE = 8
SENDING_S = 20.0
"""After so long no other event of a batch is sent."""
_OUR_FAULT = Answer(fault="The event could not be sent, for a reason of our own: the log of the server says which.")


class Sends(Protocol):
    """What posts an event to a receiver."""

    async def send(self, url: str, secrets: Sequence[str], event: CloudEvent) -> Answer:
        """What the receiver answered; a receiver that cannot be reached is an answer as well."""
        ...


@dataclass
class _Tally:
    """The result of a batch so far."""

    delivered: list[Delivery] = field(default_factory=list[Delivery])
    failed: list[Failure] = field(default_factory=list[Failure])
    unsent: list[Delivery] = field(default_factory=list[Delivery])
    away: list[Failure] = field(default_factory=list[Failure])
    """Those that say nothing about their event."""
    gone: bool = False
    unreachable: bool = False
    logged: bool = False
    """Whether a fault of our own is in the log. Once is enough for a batch."""
    retry_after_s: float | None = None


async def send_batch(batch: DeliveryBatch, sender: Sends, clock: Callable[[], datetime]) -> DeliveryResult:
    """Send what is due and what is new. Within a subject nothing is sent after an event that failed.

    When the receiver cannot be reached nothing more is begun: it is left alone for a while.
    """
    tally = _Tally()
    lanes = asyncio.Semaphore(SUBJECTS_AT_ONCE)
    end = asyncio.get_running_loop().time() + SENDING_S
    known = {each.number for each in batch.due}

    async def send_in_order(deliveries: Sequence[Delivery]) -> None:
        async with lanes:
            for index, delivery in enumerate(deliveries):
                is_over = tally.gone or tally.unreachable or asyncio.get_running_loop().time() > end
                if is_over or not await _send(batch, delivery, sender, clock, tally):
                    rest = deliveries[index if is_over else index + 1 :]
                    tally.unsent += [each for each in rest if each.number not in known]
                    return

    async with asyncio.TaskGroup() as subjects:
        for deliveries in _by_subject(batch, tally):
            subjects.create_task(send_in_order(deliveries))
    now = clock()
    if not tally.unreachable:
        return DeliveryResult(tally.delivered, tally.failed, tally.unsent, tally.gone, outage_until=None)
    until = outage_until(batch.outages, now, tally.retry_after_s)
    # When the receiver may be back, and not after the pauses of an event that it cannot handle.
    away = [each if each.retry_at is None else replace(each, retry_at=until) for each in tally.away]
    return DeliveryResult(tally.delivered, [*tally.failed, *away], tally.unsent, tally.gone, until)


def _by_subject(batch: DeliveryBatch, tally: _Tally) -> Sequence[Sequence[Delivery]]:
    subjects: dict[str, list[Delivery]] = {each.event.subject: [each] for each in batch.due}
    for each in batch.new:
        if each.event.subject in batch.waiting:
            tally.unsent.append(each)
        else:
            subjects.setdefault(each.event.subject, []).append(each)
    return [*subjects.values()]


async def _send(
    batch: DeliveryBatch, delivery: Delivery, sender: Sends, clock: Callable[[], datetime], tally: _Tally
) -> bool:
    first_tried_at = delivery.first_tried_at or clock()
    answer = await _answer(batch, delivery, sender, tally)
    if answer.fault is None:
        tally.delivered.append(delivery)
        return True
    again = retry_at(delivery.attempts, first_tried_at, clock(), answer.retry_after_s)
    if answer.gone:
        # It is paused: what happens meanwhile waits, and this event with it.
        tally.gone, again = True, clock()
    if answer.unreachable:
        tally.unreachable = True
        tally.retry_after_s = max(tally.retry_after_s or 0.0, answer.retry_after_s or 0.0)
    kind = tally.away if answer.unreachable else tally.failed
    kind.append(Failure(delivery, first_tried_at, answer.fault, again))
    return False


async def _answer(batch: DeliveryBatch, delivery: Delivery, sender: Sends, tally: _Tally) -> Answer:
    try:
        return await sender.send(batch.url, batch.secrets, delivery.event)
    except Exception:
        # It waits like an event that its receiver cannot handle. Else it would undo what else is sent with it.
        if not tally.logged:
            log.exception("%s could not be sent to %s", delivery.event.id, batch.subscription_id)
            tally.logged = True
        return _OUR_FAULT
