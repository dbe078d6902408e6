import asyncio

import pytest

from backend.services.relay import Relay
from backend.threads import Threads
from casebook.repository import CaseBook
from contracts.investigation import Closing
from tests.unit.backend.support import FakeScheduler, case_in_review, instance_state
from tests.unit.casebook.builders import a_decision, open_case

pytestmark = pytest.mark.anyio


@pytest.fixture
def relay(book: CaseBook, scheduler: FakeScheduler) -> Relay:
    return Relay(book, scheduler, Threads())


async def test_cases_that_a_crash_left_unscheduled_are_started_oldest_first(
    relay: Relay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    cases = [open_case(book, number) for number in range(1, 4)]
    await relay.sweep()
    assert scheduler.starts == cases
    assert book.unscheduled_cases() == []


async def test_a_decision_that_a_crash_left_undelivered_is_delivered_once(
    relay: Relay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    opening = case_in_review(book)
    scheduler.instances[opening.case_id] = instance_state("awaiting_review", 2)
    decision = a_decision(opening)
    book.accept_decision(decision)

    await relay.sweep()
    await relay.sweep()

    assert scheduler.delivered == [decision]
    assert book.undelivered_decisions() == []


async def test_open_cases_that_the_scheduler_forgot_are_started_again_with_what_was_decided(
    relay: Relay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    opening = case_in_review(book, 1)
    scheduler.instances[opening.case_id] = instance_state("awaiting_review")
    decision = a_decision(opening)
    book.accept_decision(decision)
    await relay.sweep()
    closed = case_in_review(book, 2)
    book.close_case(Closing(case_id=closed.case_id, round=1, outcome="unresolved"))
    scheduler.instances.clear()
    scheduler.delivered.clear()

    await relay.sweep()

    assert scheduler.starts == [opening.case_id]
    assert scheduler.delivered == [decision]


async def test_a_lost_memory_shows_though_the_newest_case_is_known(
    relay: Relay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    older = open_case(book, 1)
    await relay.sweep()
    scheduler.instances.clear()
    newer = open_case(book, 2)

    await relay.sweep()

    assert set(scheduler.instances) == {older, newer}


async def test_a_decision_on_a_forgotten_case_brings_back_the_others_too(
    relay: Relay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    openings = [case_in_review(book, number) for number in (1, 2, 3)]
    for opening in openings:
        scheduler.instances[opening.case_id] = instance_state("awaiting_review")
    await relay.sweep()
    scheduler.instances.clear()
    book.accept_decision(a_decision(openings[2]))

    await relay.sweep()

    assert set(scheduler.instances) == {opening.case_id for opening in openings}


async def test_a_decision_missed_in_a_cut_off_restart_is_delivered_at_the_next_start(
    relay: Relay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    opening = case_in_review(book)
    decision = a_decision(opening)
    book.accept_decision(decision)
    book.mark_delivered(decision.review_id)
    scheduler.instances[opening.case_id] = instance_state("awaiting_review", 1)

    await relay.sweep()

    assert scheduler.delivered == [decision]


async def test_a_case_that_asks_about_a_later_round_is_not_told_of_an_earlier_one(
    relay: Relay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    opening = case_in_review(book)
    book.accept_decision(a_decision(opening, "reject"))
    book.mark_delivered(opening.review.review_id)
    scheduler.instances[opening.case_id] = instance_state("awaiting_review", 2)

    await relay.sweep()

    assert scheduler.delivered == []


async def test_an_unreachable_scheduler_is_tried_again_until_it_answers(
    relay: Relay, book: CaseBook, scheduler: FakeScheduler, caplog: pytest.LogCaptureFixture
) -> None:
    scheduler.reachable = False
    case = open_case(book)
    running = asyncio.create_task(relay.run())
    await asyncio.wait_for(scheduler.refused.wait(), 10)
    scheduler.reachable = True
    await asyncio.wait_for(scheduler.told.wait(), 10)
    running.cancel()

    assert scheduler.starts == [case]
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        "The durable task scheduler cannot be reached: nothing answers at its address. "
        "It is tried again until it works."
    ]


async def test_a_wake_up_is_not_lost_while_the_relay_is_at_work(
    relay: Relay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    running = asyncio.create_task(relay.run())
    case = open_case(book)
    relay.wake()
    await asyncio.wait_for(scheduler.told.wait(), 3)
    running.cancel()
    assert scheduler.starts == [case]
