import pytest

from backend.services.relay import SWEEP_S, WATCHED, Relay
from backend.services.scheduler import InstanceState, RuntimeStatus
from casebook.errors import CaseClosed
from casebook.outbox import Outbox
from casebook.repository import CaseBook
from contracts.reversal import Reversal
from tests.unit.backend.support import Clock, FakeScheduler, case_in_review, instance_state
from tests.unit.casebook.builders import MANAGER, a_decision, an_effect, open_case
from tests.unit.casebook.test_reversals import approve, ask_back, closed_case, undoing

pytestmark = pytest.mark.anyio


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
    journal = {"entries": 0, "hash": None}
    assert closed.data == {"outcome": "failed", "round": 1, "reason": reason, "journal": journal}
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
