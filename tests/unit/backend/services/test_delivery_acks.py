import asyncio
from collections.abc import Callable, Collection

import pytest

from backend.auth.identity import Identity
from backend.executor import Threads
from backend.main import Parts
from backend.services import delivery_acks as confirmations_module
from backend.services.delivery_acks import Confirmations
from backend.services.outbox_relay import Relay
from casebook.errors import CasebookUnavailable
from casebook.relay_api import RelayApi
from tests.support.casebooks import CaseBook
from tests.unit.backend.support import FakeScheduler, case_in_review, instance_state
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


async def test_what_was_told_at_about_the_same_time_is_one_transaction(book: CaseBook, outbox: CountingOutbox) -> None:
    confirmations = Confirmations(outbox, Threads())
    for number in range(1, 6):
        confirmations.add_scheduled(open_case(book, number))
    opening = case_in_review(book, 6)
    book.accept_decision(a_decision(opening), MANAGER)
    confirmations.add_delivered(opening.review.review_id)
    assert opening.review.review_id in confirmations

    await confirmations.write()
    await confirmations.write()

    assert outbox.commits == 1
    assert (book.unscheduled_cases(), book.undelivered_decisions()) == ([], [])
    assert opening.review.review_id not in confirmations


async def test_what_the_casebook_cannot_take_now_is_written_later(
    book: CaseBook, outbox: CountingOutbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confirmations_module, "PAUSE_S", 0.0)
    monkeypatch.setattr(confirmations_module, "RETRY_S", 0.0)
    confirmations = Confirmations(outbox, Threads())
    running = asyncio.create_task(confirmations.run())
    outbox.reachable = False
    case = open_case(book)
    confirmations.add_scheduled(case)
    await asyncio.wait_for(outbox.asked.wait(), 10)
    assert case in confirmations

    outbox.reachable = True
    await _until(lambda: case not in confirmations)
    running.cancel()
    assert book.unscheduled_cases() == []


async def test_a_decision_reaches_the_scheduler_without_a_sweep(
    parts: Parts, book: CaseBook, scheduler: FakeScheduler
) -> None:
    opening = case_in_review(book)
    scheduler.instances[opening.case_id] = instance_state("awaiting_review")
    accepted = await parts.desk.deciding.accept(a_decision(opening), BOSS)
    await asyncio.wait_for(scheduler.told.wait(), 10)
    assert scheduler.delivered == [accepted]
    assert scheduler.attempts == [opening.case_id]


async def test_a_case_is_started_at_once_and_says_so_before_that_is_written(
    parts: Parts, book: CaseBook, scheduler: FakeScheduler
) -> None:
    first = await parts.desk.opening.start(an_alert())
    again = await parts.desk.opening.start(an_alert())
    assert [(case.status, case.created) for case in (first, again)] == [("scheduled", True), ("scheduled", False)]
    assert scheduler.attempts == [first.case_id]
    assert len(book.unscheduled_cases()) == 1
    await parts.relay.confirmations.write()
    assert book.unscheduled_cases() == []


async def test_what_was_told_is_not_told_again_before_it_is_written(book: CaseBook, scheduler: FakeScheduler) -> None:
    relay = Relay(book, scheduler, Threads())
    await relay.sweep()
    opening = case_in_review(book)
    scheduler.instances[opening.case_id] = instance_state("awaiting_review", 2)
    book.accept_decision(a_decision(opening), MANAGER)
    relay.deliver_now(a_decision(opening))
    relay.deliver_now(a_decision(opening))
    case = open_case(book, 2)
    await scheduler.start_investigation(case)
    relay.confirm_start(case)

    await relay.sweep()

    assert len(scheduler.delivered) == 1
    assert scheduler.attempts == [case, opening.case_id]
    assert (book.unscheduled_cases(), book.undelivered_decisions()) == ([], [])


async def test_a_decision_that_cannot_be_told_now_is_left_to_the_sweep(
    book: CaseBook, scheduler: FakeScheduler
) -> None:
    opening = case_in_review(book)
    scheduler.instances[opening.case_id] = instance_state("awaiting_review", 2)
    book.accept_decision(a_decision(opening), MANAGER)
    relay = Relay(book, scheduler, Threads())
    scheduler.reachable = False
    relay.deliver_now(a_decision(opening))
    await asyncio.wait_for(scheduler.refused.wait(), 10)
    scheduler.reachable = True
    running = asyncio.create_task(relay.run())
    await asyncio.wait_for(scheduler.told.wait(), 10)
    running.cancel()
    assert scheduler.delivered == [a_decision(opening)]


async def test_a_forgotten_case_that_a_decision_shows_brings_back_the_others(
    book: CaseBook, scheduler: FakeScheduler
) -> None:
    openings = [case_in_review(book, number) for number in (1, 2)]
    relay = Relay(book, scheduler, Threads())
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
