import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from backend.services.errors import SchedulerUnavailable
from backend.services.relay import PAGE, STALLED_AFTER, SWEEP_S, WATCHED, Relay
from backend.services.scheduler import InstanceState, RuntimeStatus
from backend.threads import Threads
from casebook.engine import open_engine
from casebook.errors import CaseClosed
from casebook.outbox import Outbox
from casebook.repository import CaseBook
from casebook.transactions import Transactions, utc_now
from contracts.investigation import Closing
from contracts.reversal import Reversal
from tests.unit.backend.support import FakeScheduler, case_in_review, instance_state
from tests.unit.casebook.builders import MANAGER, a_decision, an_effect, ask, open_case
from tests.unit.casebook.test_reversals import approve, ask_back, closed_case, undoing

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


async def test_of_a_flood_the_oldest_are_investigated_and_the_others_wait_for_room(
    book: CaseBook, scheduler: FakeScheduler
) -> None:
    relay = Relay(book, scheduler, Threads(), at_once=2)
    cases = [open_case(book, number) for number in range(1, 5)]

    await relay.sweep()
    await relay.sweep()
    assert scheduler.starts == cases[:2]
    assert not relay.take_room()

    ask(book, cases[0])
    await relay.sweep()
    assert scheduler.starts == cases[:3]

    for case in cases[1:3]:
        book.close_case(Closing(case_id=case, round=1, outcome="unresolved"))
    await relay.sweep()
    assert scheduler.starts == cases
    assert [relay.take_room(), relay.take_room()] == [True, False]


async def test_cases_that_stall_keep_no_others_waiting(
    book: CaseBook, scheduler: FakeScheduler, tmp_path: Path
) -> None:
    stalled, waiting = open_case(book, 1), open_case(book, 2)
    await Relay(book, scheduler, Threads(), at_once=1).sweep()
    assert scheduler.starts == [stalled]

    engine = open_engine(f"sqlite:///{tmp_path}/casebook.db")
    later = CaseBook(Transactions(engine, lambda: utc_now() + STALLED_AFTER))
    await Relay(later, scheduler, Threads(), at_once=1).sweep()
    engine.dispose()
    assert scheduler.starts == [stalled, waiting]


async def test_a_decision_that_a_crash_left_undelivered_is_delivered_once(
    relay: Relay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    opening = case_in_review(book)
    scheduler.instances[opening.case_id] = instance_state("awaiting_review", 2)
    decision = a_decision(opening)
    book.accept_decision(decision, MANAGER)

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
    book.accept_decision(decision, MANAGER)
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
    book.accept_decision(a_decision(openings[2]), MANAGER)

    await relay.sweep()

    assert set(scheduler.instances) == {opening.case_id for opening in openings}


async def test_a_decision_missed_in_a_cut_off_restart_is_delivered_at_the_next_start(
    relay: Relay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    opening = case_in_review(book)
    decision = a_decision(opening)
    book.accept_decision(decision, MANAGER)
    Outbox(book.transactions).confirm(delivered=[decision.review_id])
    scheduler.instances[opening.case_id] = instance_state("awaiting_review", 1)

    await relay.sweep()

    assert scheduler.delivered == [decision]


async def test_a_start_asks_nothing_about_cases_that_only_wait_for_a_person(
    relay: Relay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    waiting = [case_in_review(book, number).case_id for number in range(1, 4)]
    scheduler.instances.update(dict.fromkeys(waiting, instance_state("awaiting_review")))
    lost = case_in_review(book, 4).case_id

    await relay.sweep()

    assert scheduler.looked_at == [lost]
    assert scheduler.starts == [lost]


async def test_a_case_that_asks_about_a_later_round_is_not_told_of_an_earlier_one(
    relay: Relay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    opening = case_in_review(book)
    book.accept_decision(a_decision(opening, "reject"), MANAGER)
    Outbox(book.transactions).confirm(delivered=[opening.review.review_id])
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


@dataclass
class Clock:
    """Seconds as the test says."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed_relay(book: CaseBook, scheduler: FakeScheduler, clock: Clock) -> Relay:
    return Relay(book, scheduler, Threads(), clock)


async def test_cases_that_are_refused_hold_up_none_behind_them(
    timed_relay: Relay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    # More than the relay reads at once.
    refused = [open_case(book, number) for number in range(1, PAGE + 3)]
    scheduler.refuses = set(refused)
    behind = [open_case(book, number) for number in range(PAGE + 3, PAGE + 5)]

    await timed_relay.sweep()

    assert scheduler.starts == behind
    assert len(book.unscheduled_cases(500)) == len(refused)


async def test_a_refused_decision_holds_up_none_behind_it(
    timed_relay: Relay, book: CaseBook, scheduler: FakeScheduler
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


async def test_what_is_refused_is_complained_of_once_and_tried_ever_more_rarely(
    timed_relay: Relay,
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
        "INVALID_ARGUMENT: it is too large"
    ]

    scheduler.refuses.clear()
    clock.now += 300
    await timed_relay.sweep()
    assert (scheduler.starts, book.unscheduled_cases()) == ([case], [])


async def test_a_forgotten_case_that_is_refused_holds_up_no_other_and_is_brought_back_later(
    timed_relay: Relay, book: CaseBook, scheduler: FakeScheduler, clock: Clock
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


async def test_a_scheduler_that_is_away_puts_off_no_single_case(
    timed_relay: Relay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    cases = [open_case(book, number) for number in (1, 2)]
    scheduler.reachable = False
    with pytest.raises(SchedulerUnavailable):
        await timed_relay.sweep()
    assert scheduler.attempts == cases[:1]

    scheduler.reachable = True
    await timed_relay.sweep()
    assert scheduler.starts == cases


def over(status: RuntimeStatus, result: str | None = None) -> InstanceState:
    return instance_state("awaiting_review", 1, status, result)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (over("TERMINATED"), "The investigation was terminated in the scheduler."),
        (
            over("FAILED", "a non-determinism error"),
            "The investigation failed in the scheduler: a non-determinism error",
        ),
        (
            over("FAILED", "NUL \0 and " + "x" * 10_000),
            "The investigation failed in the scheduler: NUL  and " + "x" * 491,
        ),
    ],
)
async def test_a_case_whose_orchestration_ended_from_outside_is_closed_as_failed_loudly(
    timed_relay: Relay,
    book: CaseBook,
    scheduler: FakeScheduler,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    state: InstanceState,
    reason: str,
) -> None:
    opening = case_in_review(book)
    scheduler.instances[opening.case_id] = instance_state("awaiting_review")
    await timed_relay.sweep()
    scheduler.instances[opening.case_id] = state

    clock.now += SWEEP_S
    await timed_relay.sweep()
    clock.now += SWEEP_S
    await timed_relay.sweep()

    view = book.get_case(opening.case_id)
    assert (view.state, view.outcome, view.review) == ("closed", "failed", None)
    closed = book.case_events(opening.case_id)[-1]
    assert (closed.type, closed.actor) == ("case_closed", "system")
    assert closed.data == {"outcome": "failed", "round": 1, "reason": reason}
    assert book.verify_audit() is None
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert errors == [f"{opening.case_id} is closed as failed, and nothing goes on with it. {reason}"]
    with pytest.raises(CaseClosed):
        book.accept_decision(a_decision(opening), MANAGER)


async def test_an_orchestration_that_ended_while_the_backend_was_down_shows_at_the_start(
    relay: Relay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    opening = case_in_review(book)
    scheduler.instances[opening.case_id] = over("TERMINATED")
    await relay.sweep()
    assert book.summary(opening.case_id).outcome == "failed"
    assert scheduler.starts == []


async def test_effects_of_which_nobody_knows_what_came_are_named(
    relay: Relay, book: CaseBook, scheduler: FakeScheduler, caplog: pytest.LogCaptureFixture
) -> None:
    opening = case_in_review(book)
    book.accept_decision(a_decision(opening), MANAGER)
    Outbox(book.transactions).confirm(delivered=[opening.review.review_id])
    effect = an_effect(opening.case_id)
    book.start_effect(opening.case_id, effect)
    scheduler.instances[opening.case_id] = over("TERMINATED")

    await relay.sweep()

    assert book.summary(opening.case_id).outcome == "failed"
    assert f"it is not known what came of {effect.key}: look at the customer's records." in caplog.text


async def test_however_many_cases_wait_the_one_that_ended_is_found(
    timed_relay: Relay, book: CaseBook, scheduler: FakeScheduler, clock: Clock
) -> None:
    cases = [open_case(book, number) for number in range(1, 2 * WATCHED + 2)]
    await timed_relay.sweep()
    asked: list[str] = []
    state_of = scheduler.state_of

    async def counted(instance_id: str) -> InstanceState | None:
        asked.append(instance_id)
        return await state_of(instance_id)

    scheduler.state_of = counted
    for ended in (cases[0], cases[-1]):
        scheduler.instances[ended] = over("TERMINATED")
        for _ in range(3):
            clock.now += SWEEP_S
            asked.clear()
            await timed_relay.sweep()
            assert len(asked) <= WATCHED + 1, "one look at a few, and one at the witness"
        assert book.summary(ended).outcome == "failed"
    assert all(book.summary(case).state == "investigating" for case in cases[1:-1])


async def test_an_orchestration_that_only_rests_is_left_alone(
    relay: Relay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    openings = [case_in_review(book, number) for number in (1, 2)]
    for opening, status in zip(openings, ("SUSPENDED", "CONTINUED_AS_NEW"), strict=True):
        scheduler.instances[opening.case_id] = over(status)
    await relay.sweep()
    assert [book.summary(opening.case_id).state for opening in openings] == ["awaiting_review"] * 2


async def test_a_purged_orchestration_of_an_open_case_is_started_again(
    timed_relay: Relay, book: CaseBook, scheduler: FakeScheduler, clock: Clock
) -> None:
    cases = [open_case(book, number) for number in (1, 2, 3)]
    await timed_relay.sweep()
    del scheduler.instances[cases[1]]
    clock.now += SWEEP_S
    await timed_relay.sweep()
    assert scheduler.starts == [*cases, cases[1]]


def approved_reversal(book: CaseBook) -> Reversal:
    case = closed_case(book)
    ask_back(book, case)
    return approve(book, case)


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("TERMINATED", "The reversal was terminated in the scheduler."),
        ("FAILED", "The reversal failed in the scheduler."),
        ("COMPLETED", "The reversal ended in the scheduler."),
    ],
)
async def test_a_reversal_whose_orchestration_is_over_ends_loudly_and_can_be_asked_for_anew(
    timed_relay: Relay,
    book: CaseBook,
    scheduler: FakeScheduler,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    begun: bool,
    status: RuntimeStatus,
    reason: str,
) -> None:
    reversal = approved_reversal(book)
    await timed_relay.sweep()
    if begun:
        book.start_reversal(reversal.case_id, reversal.reversal_id, undoing(reversal.case_id))
        book.finish_reversal(reversal.case_id, reversal.reversal_id, undoing(reversal.case_id, "unknown"))
    scheduler.instances[reversal.reversal_id] = over(status)

    for _ in range(2):
        clock.now += SWEEP_S
        await timed_relay.sweep()

    (ended,) = book.get_case(reversal.case_id).reversals
    assert ended.effect is not None
    assert (ended.status, ended.effect.status) == ("failed", "unknown" if begun else "failed")
    assert ended.effect.key == undoing(reversal.case_id).key
    assert ended.effect.result == {"error": reason}
    event = book.case_events(reversal.case_id)[-1]
    assert (event.type, event.actor) == ("reversal_finished", "system")
    assert book.verify_audit() is None
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert errors[0] == f"{reversal.reversal_id} is given up, and can be asked for anew. {reason}"
    assert len(errors) == (2 if begun else 1), "said once, and what is not known is named"
    assert ask_back(book, reversal.case_id).status == "requested"


async def test_a_reversal_that_ended_while_the_backend_was_down_shows_at_the_start(
    relay: Relay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    reversal = approved_reversal(book)
    book.mark_reversal_scheduled(reversal.reversal_id)
    scheduler.instances[reversal.reversal_id] = over("TERMINATED")
    await relay.sweep()
    assert book.get_case(reversal.case_id).reversals[0].status == "failed"
    assert scheduler.reversals == []


async def test_a_reversal_that_goes_on_is_left_alone_and_one_that_was_purged_is_started_again(
    timed_relay: Relay, book: CaseBook, scheduler: FakeScheduler, clock: Clock
) -> None:
    reversal = approved_reversal(book)
    await timed_relay.sweep()
    clock.now += SWEEP_S
    await timed_relay.sweep()
    assert scheduler.reversals == [reversal]
    del scheduler.instances[reversal.reversal_id]
    clock.now += SWEEP_S
    await timed_relay.sweep()
    assert scheduler.reversals == [reversal, reversal]
    assert book.get_case(reversal.case_id).reversals == (reversal,)
