import pytest

from backend.services.outbox_relay import OutboxRelay
from backend.services.scheduler import InstanceState, RuntimeStatus
from backend.services.watchdog import WATCH_EVERY_S
from contracts.reversal import Reversal
from tests.support.casebooks import CaseBook
from tests.unit.backend.fake_scheduler import FakeScheduler, instance_state
from tests.unit.backend.support import Clock
from tests.unit.casebook.test_reversals import approve, ask_back, closed_case, undoing

pytestmark = pytest.mark.anyio


def over(status: RuntimeStatus, result: str | None = None) -> InstanceState:
    return instance_state("awaiting_review", 1, status, result)


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
async def test_reversal_of_a_dead_orchestration_ends_loudly(
    timed_relay: OutboxRelay,
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
        clock.now += WATCH_EVERY_S
        await timed_relay.sweep()

    (ended,) = book.get_fraud_case(reversal.case_id).reversals
    assert ended.effect is not None
    assert (ended.status, ended.effect.status) == ("failed", "unknown" if begun else "failed")
    assert ended.effect.key == undoing(reversal.case_id).key
    assert ended.effect.result == {"error": reason}
    event = book.case_events(reversal.case_id)[-1]
    assert (event.type, event.actor) == ("reversal_finished", "system")
    assert book.verify_case_log() is None
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert errors[0] == f"{reversal.reversal_id} is given up, and can be requested again. {reason}"
    assert len(errors) == (2 if begun else 1), "said once, and what is not known is named"
    assert ask_back(book, reversal.case_id).status == "requested"


async def test_reversal_that_ended_during_downtime_shows_at_start(
    relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler
) -> None:
    reversal = approved_reversal(book)
    book.mark_reversal_scheduled(reversal.reversal_id)
    scheduler.instances[reversal.reversal_id] = over("TERMINATED")
    await relay.sweep()
    assert book.get_fraud_case(reversal.case_id).reversals[0].status == "failed"
    assert scheduler.reversals == []


async def test_running_reversal_is_left_alone_purged_one_restarted(
    timed_relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler, clock: Clock
) -> None:
    reversal = approved_reversal(book)
    await timed_relay.sweep()
    clock.now += WATCH_EVERY_S
    await timed_relay.sweep()
    assert scheduler.reversals == [reversal]
    del scheduler.instances[reversal.reversal_id]
    clock.now += WATCH_EVERY_S
    await timed_relay.sweep()
    assert scheduler.reversals == [reversal, reversal]
    assert book.get_fraud_case(reversal.case_id).reversals == (reversal,)


async def test_a_reversal_that_the_scheduler_never_starts_ends_loudly(
    timed_relay: OutboxRelay, book: CaseBook, scheduler: FakeScheduler, clock: Clock
) -> None:
    reversal = approved_reversal(book)
    scheduler.never_starts.add(reversal.reversal_id)

    for _ in range(3):
        clock.now += WATCH_EVERY_S
        await timed_relay.sweep()

    (ended,) = book.get_fraud_case(reversal.case_id).reversals
    assert ended.status == "failed"
    assert scheduler.attempts.count(reversal.reversal_id) == 1
    assert ask_back(book, reversal.case_id).status == "requested"
