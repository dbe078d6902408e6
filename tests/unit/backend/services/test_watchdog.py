from datetime import timedelta

import pytest

from backend.services.outbox_relay import OutboxRelay
from backend.services.scheduler import InstanceState, RuntimeStatus
from backend.services.watchdog import WATCH_EVERY_S, WATCHED
from casebook.commands.recovery import MAX_FAILURES
from casebook.database.transactions import utc_now
from contracts.case import CaseEvent
from contracts.review import Decision
from tests.support.casebooks import CaseBook
from tests.unit.backend.fake_scheduler import FakeScheduler, instance_state
from tests.unit.backend.support import Clock, case_in_review
from tests.unit.casebook.builders import MANAGER, a_decision, an_opening, begin, closing, open_case

pytestmark = pytest.mark.anyio


def over(status: RuntimeStatus, result: str | None = None) -> InstanceState:
    return instance_state("awaiting_review", 1, status, result)


def failures_of(book: CaseBook, case: str) -> list[CaseEvent]:
    return [event for event in book.case_events(case) if event.type == "orchestration_failed"]


def stalled(book: CaseBook) -> str:
    """A case that the scheduler does not know, and that failed so often that a manager was asked."""
    case = open_case(book)
    for _ in range(MAX_FAILURES):
        book.recover_case(case, "It failed.", unstarted=True)
    return case


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (over("TERMINATED"), "The investigation was terminated in the scheduler."),
        (over("COMPLETED", "auto_cleared"), "The investigation ended in the scheduler: auto_cleared"),
        (
            over("FAILED", "a non-determinism error"),
            "The investigation failed in the scheduler: a non-determinism error",
        ),
        (
            over("FAILED", "NUL \0 and " + "x" * 10_000),
            "The investigation failed in the scheduler: NUL  and …",
        ),
    ],
)
async def test_case_of_a_dead_orchestration_is_recovered_loudly(
    timed_relay: OutboxRelay,
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

    for _ in range(3):
        clock.now += WATCH_EVERY_S
        await timed_relay.sweep()

    view = book.get_fraud_case(opening.case_id)
    assert (view.state, view.outcome, view.review) == ("awaiting_review", None, opening.review)
    failure = failures_of(book, opening.case_id)
    assert [(event.actor, event.data["reason"]) for event in failure] == [("system", reason)]
    assert scheduler.starts == [opening.case_id]
    assert book.verify_case_log() is None
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert errors == [f"{opening.case_id} failed and is handed to a person. {reason}"]
    assert isinstance(book.accept_decision(a_decision(opening), MANAGER), Decision)


def waiting(*, moved_s: float = 60.0) -> InstanceState:
    moved = utc_now() - timedelta(seconds=moved_s)
    return instance_state("awaiting_review").model_copy(update={"last_updated_at": moved})


async def watched(relay: OutboxRelay, clock: Clock, times: int = 2) -> None:
    for _ in range(times):
        clock.now += WATCH_EVERY_S
        await relay.sweep()


async def test_case_waiting_for_an_unasked_review_is_woken(
    timed_relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler, clock: Clock
) -> None:
    case = open_case(book)
    await timed_relay.sweep()
    begin(book, case)
    scheduler.instances[case] = waiting()

    await watched(timed_relay, clock, times=1)

    assert scheduler.woken == [(case, 1)]
    assert scheduler.delivered == []


async def test_lost_decision_is_redelivered_by_the_watchdog(
    timed_relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler, clock: Clock
) -> None:
    opening = case_in_review(book)
    decision = book.accept_decision(a_decision(opening), MANAGER)
    assert isinstance(decision, Decision)
    book.confirm(delivered=[decision.review_id])
    scheduler.instances[opening.case_id] = waiting()
    await timed_relay.sweep()
    scheduler.delivered.clear()

    await watched(timed_relay, clock, times=1)

    assert scheduler.delivered == [decision]
    assert scheduler.woken == []


@pytest.mark.parametrize("moved_s", [0.0, 60.0])
async def test_watchdog_leaves_moving_and_asked_cases_alone(
    timed_relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler, clock: Clock, moved_s: float
) -> None:
    asked, moving = case_in_review(book, 1).case_id, open_case(book, 2)
    await timed_relay.sweep()
    scheduler.instances[asked] = waiting(moved_s=moved_s)
    scheduler.instances[moving] = waiting(moved_s=0.0)

    await watched(timed_relay, clock)

    assert (scheduler.woken, scheduler.delivered) == ([], [])


async def test_a_suspended_orchestration_is_resumed_loudly(
    timed_relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    case = case_in_review(book).case_id
    scheduler.instances[case] = instance_state("awaiting_review", status="SUSPENDED")

    await watched(timed_relay, clock)

    assert scheduler.instances[case].runtime_status == "RUNNING"
    assert f"{case} was suspended in the scheduler" in caplog.text
    assert failures_of(book, case) == []


async def test_foreign_instance_under_a_case_id_is_replaced(
    timed_relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    case = case_in_review(book).case_id
    scheduler.instances[case] = instance_state("awaiting_review", name="hub_owner")

    await watched(timed_relay, clock, times=4)

    assert scheduler.starts == [case]
    assert scheduler.instances[case].name == "investigation"
    assert f"{case} is taken by an instance of 'hub_owner'" in caplog.text


async def test_case_that_breaks_the_relay_blocks_no_other(
    timed_relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    strange, other = case_in_review(book, 1).case_id, case_in_review(book, 2).case_id
    scheduler.instances[strange] = instance_state("awaiting_review")
    scheduler.instances[other] = over("FAILED", "a non-determinism error")
    scheduler.unreadable.add(strange)

    for _ in range(3):
        clock.now += WATCH_EVERY_S
        await timed_relay.sweep()

    assert len(failures_of(book, other)) == 1
    assert scheduler.starts == [other]
    assert f"{strange} cannot be seen to" in caplog.text


async def test_orchestration_that_ended_during_downtime_is_restarted(
    relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    opening = case_in_review(book)
    scheduler.instances[opening.case_id] = over("TERMINATED")
    await relay.sweep()
    await relay.sweep()
    assert scheduler.starts == [opening.case_id]
    assert book.summary(opening.case_id).state == "awaiting_review"


async def test_repeatedly_failing_orchestration_is_stalled(
    timed_relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    case = open_case(book)
    for _ in range(10):
        clock.now += WATCH_EVERY_S
        await timed_relay.sweep()
        scheduler.instances[case] = over("FAILED", "the history has 5 MiB")

    assert scheduler.starts == [case] * MAX_FAILURES
    assert timed_relay.failed.stalled == {case}
    view = book.get_fraud_case(case)
    assert view.review is not None
    assert view.review.required_role == "manager"
    assert f"{case} failed {MAX_FAILURES} times in a row" in caplog.text

    await timed_relay.recovery.recover_all()
    await timed_relay.sweep()
    assert scheduler.starts == [case] * (MAX_FAILURES + 1)
    assert timed_relay.failed.stalled == set()


async def test_decision_on_a_stalled_case_is_carried_out(
    timed_relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler, clock: Clock
) -> None:
    case = open_case(book)
    for _ in range(2 * MAX_FAILURES):
        clock.now += WATCH_EVERY_S
        await timed_relay.sweep()
        scheduler.instances[case] = over("FAILED")
    view = book.get_fraud_case(case)
    assert view.assessment is not None
    book.accept_decision(a_decision(an_opening(case, view.assessment, view.round)), MANAGER)

    for _ in range(3):
        clock.now += WATCH_EVERY_S
        await timed_relay.sweep()

    assert scheduler.starts == [case] * (MAX_FAILURES + 1)
    assert timed_relay.failed.stalled == set()


async def test_lost_instance_of_a_stalled_case_stays_lost(
    timed_relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler, clock: Clock
) -> None:
    case = stalled(book)

    for _ in range(5):
        clock.now += WATCH_EVERY_S
        await timed_relay.sweep()
        if case in scheduler.instances:
            scheduler.instances[case] = over("FAILED")

    assert scheduler.starts == [case], "a backend that starts tries it once more"
    assert timed_relay.failed.stalled == {case}


async def test_case_ended_by_another_backend_is_no_longer_stalled(
    timed_relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler, clock: Clock
) -> None:
    case = stalled(book)
    await timed_relay.sweep()
    scheduler.instances[case] = over("FAILED")
    for _ in range(2):
        clock.now += WATCH_EVERY_S
        await timed_relay.sweep()
    assert timed_relay.failed.stalled == {case}

    view = book.get_fraud_case(case)
    assert view.assessment is not None
    asked = an_opening(case, view.assessment)
    book.accept_decision(a_decision(asked, action="clear"), MANAGER)
    book.confirm(delivered=[asked.review.review_id])
    book.close_case(closing(case, "cleared", view.round))
    for _ in range(2):
        clock.now += WATCH_EVERY_S
        await timed_relay.sweep()

    assert timed_relay.failed.stalled == set()


async def test_finally_refused_start_ends_with_a_manager(
    timed_relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    case, other = open_case(book, 1), open_case(book, 2)
    scheduler.never_starts.add(case)

    for _ in range(20):
        clock.now += WATCH_EVERY_S
        await timed_relay.sweep()

    assert scheduler.starts == [other]
    assert scheduler.attempts.count(case) == MAX_FAILURES
    assert timed_relay.failed.stalled == {case}
    view = book.get_fraud_case(case)
    assert view.review is not None
    assert (view.state, view.review.required_role) == ("escalated", "manager")
    said = "The scheduler does not start the investigation: INVALID_ARGUMENT: its id is too long"
    assert [event.data["reason"] for event in failures_of(book, case)] == [said] * MAX_FAILURES
    assert said in caplog.text


async def test_an_outage_is_no_break(
    timed_relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler, clock: Clock
) -> None:
    case = open_case(book)
    scheduler.refuses.add(case)
    for _ in range(20):
        clock.now += WATCH_EVERY_S
        await timed_relay.sweep()
    assert failures_of(book, case) == []
    scheduler.refuses.clear()

    clock.now += 600
    await timed_relay.sweep()

    assert scheduler.starts == [case]


async def test_ended_case_is_found_among_many_that_wait(
    timed_relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler, clock: Clock
) -> None:
    cases = [open_case(book, number) for number in range(1, 2 * WATCHED)]
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
            clock.now += WATCH_EVERY_S
            asked.clear()
            await timed_relay.sweep()
            assert len(asked) <= WATCHED + 1, "one look at a few, and one at the canary"
        assert book.case_events(ended)[-2].type == "orchestration_failed"
    assert all(book.summary(case).state == "investigating" for case in cases[1:-1])


async def test_an_orchestration_that_only_rests_is_left_alone(
    relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    openings = [case_in_review(book, number) for number in (1, 2)]
    for opening, status in zip(openings, ("SUSPENDED", "CONTINUED_AS_NEW"), strict=True):
        scheduler.instances[opening.case_id] = over(status)
    await relay.sweep()
    assert [book.summary(opening.case_id).state for opening in openings] == ["awaiting_review"] * 2


async def test_purged_orchestration_of_an_open_case_is_restarted(
    timed_relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler, clock: Clock
) -> None:
    cases = [open_case(book, number) for number in (1, 2, 3)]
    await timed_relay.sweep()
    del scheduler.instances[cases[1]]
    clock.now += WATCH_EVERY_S
    await timed_relay.sweep()
    assert scheduler.starts == [*cases, cases[1]]
