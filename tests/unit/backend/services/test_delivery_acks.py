import asyncio
from collections.abc import Callable, Collection

import pytest

from backend.auth.identity import Identity
from backend.services import batches
from backend.services import delivery_acks as acks_module
from backend.services.delivery_acks import DeliveryAcks
from backend.services.outbox_relay import OutboxRelay
from backend.wiring import Wiring
from casebook.errors import CasebookUnavailable
from casebook.relay_api import RelayApi
from tests.support.casebooks import CaseBook
from tests.unit.backend.fake_scheduler import FakeScheduler, instance_state
from tests.unit.backend.support import async_relay, case_in_review
from tests.unit.casebook.builders import MANAGER, a_decision, an_alert, open_case

pytestmark = pytest.mark.anyio

BOSS = Identity(subject="max", name="Max", roles=("manager",))


class CountingOutbox(RelayApi):
    """The casebook's, counting its transactions; can be out of reach."""

    def __init__(self, book: CaseBook) -> None:
        super().__init__(book.transactions)
        self.commits = 0
        self.reachable = True
        self.asked = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def confirm(self, *, scheduled: Collection[str] = (), delivered: Collection[str] = ()) -> None:
        self._loop.call_soon_threadsafe(self.asked.set)
        if not self.reachable:
            raise CasebookUnavailable("The casebook cannot be used.")
        self.commits += 1
        super().confirm(scheduled=scheduled, delivered=delivered)


@pytest.fixture
async def outbox(book: CaseBook) -> CountingOutbox:
    return CountingOutbox(book)


async def test_simultaneous_acks_are_one_transaction(book: CaseBook, outbox: CountingOutbox) -> None:
    acks = DeliveryAcks(async_relay(outbox))
    for number in range(1, 6):
        acks.add_scheduled(open_case(book, number))
    opening = case_in_review(book, 6)
    book.accept_decision(a_decision(opening), MANAGER)
    acks.add_delivered(opening.review.review_id)
    assert opening.review.review_id in acks

    await acks.write()
    await acks.write()

    assert outbox.commits == 1
    assert (book.unscheduled_cases(), book.undelivered_decisions()) == ([], [])
    assert opening.review.review_id not in acks


async def test_what_the_casebook_cannot_take_now_is_written_later(
    book: CaseBook, outbox: CountingOutbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acks_module, "PAUSE_S", 0.0)
    monkeypatch.setattr(batches, "RETRY_S", 0.0)
    acks = DeliveryAcks(async_relay(outbox))
    running = asyncio.create_task(acks.run())
    outbox.reachable = False
    case = open_case(book)
    acks.add_scheduled(case)
    await asyncio.wait_for(outbox.asked.wait(), 60)
    assert case in acks

    outbox.reachable = True
    await _until(lambda: case not in acks)
    running.cancel()
    assert book.unscheduled_cases() == []


async def test_a_decision_reaches_the_scheduler_without_a_sweep(
    wiring: Wiring, book: CaseBook, scheduler: FakeScheduler
) -> None:
    opening = case_in_review(book)
    scheduler.instances[opening.case_id] = instance_state("awaiting_review")
    accepted = await wiring.services.decisions.accept(a_decision(opening), BOSS)
    await asyncio.wait_for(scheduler.received.wait(), 60)
    assert scheduler.delivered == [accepted]
    assert scheduler.attempts == [opening.case_id]


async def test_started_case_says_so_before_its_ack_is_written(
    wiring: Wiring, book: CaseBook, scheduler: FakeScheduler
) -> None:
    first = await wiring.services.cases.start(an_alert())
    again = await wiring.services.cases.start(an_alert())
    assert [(case.status, case.created) for case in (first, again)] == [("scheduled", True), ("scheduled", False)]
    assert scheduler.attempts == [first.case_id]
    assert len(book.unscheduled_cases()) == 1
    await wiring.relay.acks.write()
    assert book.unscheduled_cases() == []


async def test_acknowledged_item_is_not_resent_before_its_write(book: CaseBook, scheduler: FakeScheduler) -> None:
    relay = OutboxRelay(async_relay(book), scheduler)
    await relay.sweep()
    opening = case_in_review(book)
    scheduler.instances[opening.case_id] = instance_state("awaiting_review", 2)
    book.accept_decision(a_decision(opening), MANAGER)
    relay.deliver_now(a_decision(opening))
    relay.deliver_now(a_decision(opening))
    case = open_case(book, 2)
    await scheduler.start_investigation(case)
    relay.acknowledge_start(case)

    await relay.sweep()

    assert len(scheduler.delivered) == 1
    assert scheduler.attempts == [case, opening.case_id]
    assert (book.unscheduled_cases(), book.undelivered_decisions()) == ([], [])


async def test_undeliverable_decision_is_left_to_the_sweep(book: CaseBook, scheduler: FakeScheduler) -> None:
    opening = case_in_review(book)
    scheduler.instances[opening.case_id] = instance_state("awaiting_review", 2)
    book.accept_decision(a_decision(opening), MANAGER)
    relay = OutboxRelay(async_relay(book), scheduler)
    scheduler.reachable = False
    relay.deliver_now(a_decision(opening))
    await asyncio.wait_for(scheduler.refused.wait(), 60)
    scheduler.reachable = True
    running = asyncio.create_task(relay.run())
    await asyncio.wait_for(scheduler.received.wait(), 60)
    running.cancel()
    assert scheduler.delivered == [a_decision(opening)]


async def test_forgotten_case_found_by_decision_triggers_recovery(book: CaseBook, scheduler: FakeScheduler) -> None:
    openings = [case_in_review(book, number) for number in (1, 2)]
    relay = OutboxRelay(async_relay(book), scheduler)
    for opening in openings:
        scheduler.instances[opening.case_id] = instance_state("awaiting_review")
    await relay.sweep()
    scheduler.instances.clear()
    book.accept_decision(a_decision(openings[0]), MANAGER)
    relay.deliver_now(a_decision(openings[0]))
    await _until(lambda: bool(scheduler.delivered))
    assert scheduler.starts == [openings[0].case_id]
    await relay.sweep()
    assert set(scheduler.starts) == {opening.case_id for opening in openings}


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0)
