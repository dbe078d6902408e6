import asyncio
from pathlib import Path

import pytest

from backend.services.errors import SchedulerUnavailable
from backend.services.outbox_relay import STALLED_AFTER, OutboxRelay
from backend.services.recovery import PAGE
from casebook.database.engine import open_engine
from casebook.database.transactions import Transactions, utc_now
from tests.support.casebooks import CaseBook
from tests.unit.backend.fake_scheduler import FakeScheduler, instance_state
from tests.unit.backend.support import Clock, async_relay, case_in_review
from tests.unit.casebook.builders import MANAGER, a_decision, ask, close_as_failed, open_case
from tests.unit.casebook.replies import an_answer, ask_about_reply

pytestmark = pytest.mark.anyio


async def test_unscheduled_cases_start_oldest_first_after_crash(
    relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    cases = [open_case(book, number) for number in range(1, 4)]
    await relay.sweep()
    assert scheduler.starts == cases
    assert book.unscheduled_cases() == []


async def test_flood_is_throttled_oldest_first(book: CaseBook, scheduler: FakeScheduler) -> None:
    relay = OutboxRelay(async_relay(book), scheduler, at_once=2)
    cases = [open_case(book, number) for number in range(1, 5)]

    await relay.sweep()
    await relay.sweep()
    assert scheduler.starts == cases[:2]
    assert not relay.try_acquire()

    ask(book, cases[0])
    await relay.sweep()
    assert scheduler.starts == cases[:3]

    for case in cases[1:3]:
        close_as_failed(book, case)
    await relay.sweep()
    assert scheduler.starts == cases
    assert [relay.try_acquire(), relay.try_acquire()] == [True, False]


async def test_cases_that_stall_keep_no_others_waiting(
    book: CaseBook, scheduler: FakeScheduler, tmp_path: Path
) -> None:
    stalled, waiting = open_case(book, 1), open_case(book, 2)
    await OutboxRelay(async_relay(book), scheduler, at_once=1).sweep()
    assert scheduler.starts == [stalled]

    engine = open_engine(f"sqlite:///{tmp_path}/casebook.db")
    later = CaseBook(Transactions(engine, lambda: utc_now() + STALLED_AFTER))
    await OutboxRelay(async_relay(later), scheduler, at_once=1).sweep()
    engine.dispose()
    assert scheduler.starts == [stalled, waiting]


async def test_reply_that_nothing_carries_holds_up_no_case(
    relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    decision = an_answer(ask_about_reply(book))
    book.accept_decision(decision, MANAGER)
    case = open_case(book, 1)

    await relay.sweep()

    assert scheduler.starts == [case]
    assert [each.review_id for each in book.undelivered_decisions()] == [decision.review_id]


async def test_decision_on_a_reply_reaches_what_carries_it(
    relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    decision = an_answer(ask_about_reply(book))
    book.accept_decision(decision, MANAGER)
    scheduler.instances["case_reply-turn-1"] = instance_state("awaiting_review", name="chat_turn")

    await relay.sweep()

    assert [each.review_id for each in scheduler.delivered] == [decision.review_id]
    assert scheduler.starts == []
    assert book.undelivered_decisions() == []


async def test_undelivered_decision_is_delivered_once_after_crash(
    relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    opening = case_in_review(book)
    scheduler.instances[opening.case_id] = instance_state("awaiting_review", 2)
    decision = a_decision(opening)
    book.accept_decision(decision, MANAGER)

    await relay.sweep()
    await relay.sweep()

    assert scheduler.delivered == [decision]
    assert book.undelivered_decisions() == []


async def test_forgotten_open_cases_restart_with_their_decisions(
    relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    opening = case_in_review(book, 1)
    scheduler.instances[opening.case_id] = instance_state("awaiting_review")
    decision = a_decision(opening)
    book.accept_decision(decision, MANAGER)
    await relay.sweep()
    closed = case_in_review(book, 2)
    close_as_failed(book, closed.case_id)
    scheduler.instances.clear()
    scheduler.delivered.clear()

    await relay.sweep()

    assert scheduler.starts == [opening.case_id]
    assert scheduler.delivered == [decision]


async def test_lost_memory_shows_though_newest_case_is_known(
    relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    older = open_case(book, 1)
    await relay.sweep()
    scheduler.instances.clear()
    newer = open_case(book, 2)

    await relay.sweep()

    assert set(scheduler.instances) == {older, newer}


async def test_decision_on_a_forgotten_case_triggers_recovery(
    relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    openings = [case_in_review(book, number) for number in (1, 2, 3)]
    for opening in openings:
        scheduler.instances[opening.case_id] = instance_state("awaiting_review")
    await relay.sweep()
    scheduler.instances.clear()
    book.accept_decision(a_decision(openings[2]), MANAGER)

    await relay.sweep()

    assert set(scheduler.instances) == {opening.case_id for opening in openings}


async def test_decision_missed_in_a_restart_is_delivered_later(
    relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    opening = case_in_review(book)
    decision = a_decision(opening)
    book.accept_decision(decision, MANAGER)
    book.confirm(delivered=[decision.review_id])
    scheduler.instances[opening.case_id] = instance_state("awaiting_review", 1)

    await relay.sweep()

    assert scheduler.delivered == [decision]


async def test_start_inspects_no_case_that_waits_for_a_person(
    relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    waiting = [case_in_review(book, number).case_id for number in range(1, 4)]
    scheduler.instances.update(dict.fromkeys(waiting, instance_state("awaiting_review")))
    lost = case_in_review(book, 4).case_id

    await relay.sweep()

    assert scheduler.looked_at == [lost]
    assert scheduler.starts == [lost]


async def test_decision_of_an_earlier_round_is_not_redelivered(
    relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    opening = case_in_review(book)
    book.accept_decision(a_decision(opening, "reject"), MANAGER)
    book.confirm(delivered=[opening.review.review_id])
    scheduler.instances[opening.case_id] = instance_state("awaiting_review", 2)

    await relay.sweep()

    assert scheduler.delivered == []


async def test_an_unreachable_scheduler_is_tried_again_until_it_answers(
    relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler, caplog: pytest.LogCaptureFixture
) -> None:
    scheduler.reachable = False
    case = open_case(book)
    running = asyncio.create_task(relay.run())
    await asyncio.wait_for(scheduler.refused.wait(), 60)
    scheduler.reachable = True
    await asyncio.wait_for(scheduler.received.wait(), 60)
    running.cancel()

    assert scheduler.starts == [case]
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        "The durable task scheduler cannot be reached: nothing answers at its address. "
        "It is tried again until it works."
    ]


async def test_wake_up_during_a_sweep_is_not_lost(relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler) -> None:
    running = asyncio.create_task(relay.run())
    case = open_case(book)
    relay.wake()
    await asyncio.wait_for(scheduler.received.wait(), 60)
    running.cancel()
    assert scheduler.starts == [case]


async def test_cases_that_are_refused_hold_up_none_behind_them(
    timed_relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    # More than the relay reads at once.
    refused = [open_case(book, number) for number in range(1, PAGE + 3)]
    scheduler.refuses = set(refused)
    behind = [open_case(book, number) for number in range(PAGE + 3, PAGE + 5)]

    await timed_relay.sweep()

    assert scheduler.starts == behind
    assert len(book.unscheduled_cases(500)) == len(refused)


async def test_a_refused_decision_holds_up_none_behind_it(
    timed_relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    openings = [case_in_review(book, number) for number in (1, 2)]
    for opening in openings:
        scheduler.instances[opening.case_id] = instance_state("awaiting_review")
        book.accept_decision(a_decision(opening), MANAGER)
    scheduler.refuses = {openings[0].case_id}

    await timed_relay.sweep()

    # Once from the outbox, once because its case still asks for it: a round consumes one.
    assert {decision.review_id for decision in scheduler.delivered} == {openings[1].review.review_id}
    assert [each.review_id for each in book.undelivered_decisions()] == [openings[0].review.review_id]


async def test_refusal_is_logged_once_and_backed_off(
    timed_relay: OutboxRelay,
    book: CaseBook,
    scheduler: FakeScheduler,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    case = open_case(book)
    scheduler.refuses = {case}
    for _ in range(100):
        await timed_relay.sweep()
        clock.now += 5
    # At 0, 5, 15, 35, 75, 155 and 315 seconds.
    assert len(scheduler.attempts) == 7
    assert [record.getMessage() for record in caplog.records if case in record.getMessage()] == [
        f"{case} is refused by the scheduler and tried again now and then; the others go on. "
        "INTERNAL: it cannot be read"
    ]

    scheduler.refuses.clear()
    clock.now += 300
    await timed_relay.sweep()
    assert (scheduler.starts, book.unscheduled_cases()) == ([case], [])


async def test_refused_forgotten_case_blocks_none_and_recovers_later(
    timed_relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler, clock: Clock
) -> None:
    openings = [case_in_review(book, number) for number in (1, 2, 3)]
    refused = openings[1].case_id
    scheduler.refuses = {refused}

    await timed_relay.sweep()
    assert set(scheduler.instances) == {openings[0].case_id, openings[2].case_id}

    scheduler.refuses.clear()
    await timed_relay.sweep()
    assert refused not in scheduler.instances
    clock.now += 5
    await timed_relay.sweep()
    assert refused in scheduler.instances


async def test_scheduler_outage_postpones_no_single_case(
    timed_relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    cases = [open_case(book, number) for number in (1, 2)]
    scheduler.reachable = False
    with pytest.raises(SchedulerUnavailable):
        await timed_relay.sweep()
    assert scheduler.attempts == cases[:1]

    scheduler.reachable = True
    await timed_relay.sweep()
    assert scheduler.starts == cases
