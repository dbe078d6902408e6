"""A held decision is delivered when its hold is over: not before, and whichever backend is left."""

import shutil
from collections.abc import Generator
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from backend.live.broadcast import Broadcast
from backend.services.outbox_relay import SWEEP_S, OutboxRelay
from backend.services.watchdog import WATCH_EVERY_S
from backend.wiring import Wiring, wire
from casebook.database.engine import open_engine
from casebook.database.transactions import Transactions
from contracts.investigation import ReviewOpening
from contracts.review import Decision
from tests.support.casebooks import CaseBook
from tests.unit.backend.fake_scheduler import FakeScheduler, instance_state
from tests.unit.backend.live.test_change_feed import eventually
from tests.unit.backend.support import CONFIG, SIGN_IN, Clock, async_relay, case_in_review, decision_body, signed_in
from tests.unit.casebook.builders import MANAGER, NOON, a_decision

pytestmark = pytest.mark.anyio

HOLD = timedelta(seconds=30)
SECOND = timedelta(seconds=1)


class StillClock:
    """The time that the casebook writes, as the test says."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def held_book(tmp_path: Path, empty_casebook: Path, clock: StillClock) -> Generator[CaseBook]:
    """The casebook of a desk on which decisions are held."""
    path = tmp_path / "held.db"
    shutil.copyfile(empty_casebook, path)
    engine = open_engine(f"sqlite:///{path}")
    yield CaseBook(Transactions(engine, clock), decision_hold=HOLD)
    engine.dispose()


@pytest.fixture
def wiring(held_book: CaseBook, scheduler: FakeScheduler) -> Wiring:
    return wire(held_book, scheduler, SIGN_IN, Broadcast(), CONFIG)


def held(book: CaseBook, scheduler: FakeScheduler, number: int = 1) -> tuple[ReviewOpening, Decision]:
    opening = case_in_review(book, number)
    scheduler.instances[opening.case_id] = instance_state("awaiting_review")
    decision = book.accept_decision(a_decision(opening), MANAGER)
    assert isinstance(decision, Decision)
    return opening, decision


async def test_relay_delivers_when_the_hold_is_over(
    held_book: CaseBook, scheduler: FakeScheduler, clock: StillClock
) -> None:
    _, decision = held(held_book, scheduler)
    relay = OutboxRelay(async_relay(held_book), scheduler)

    await relay.sweep()
    assert (scheduler.delivered, relay.rest_s) == ([], SWEEP_S)
    clock.now += HOLD - SECOND
    await relay.sweep()
    assert (scheduler.delivered, relay.rest_s) == ([], 1.0)
    clock.now += SECOND
    await relay.sweep()
    await relay.sweep()

    assert (scheduler.delivered, relay.rest_s) == ([decision], SWEEP_S)


async def test_backend_that_was_restarted_delivers_at_the_same_time(
    held_book: CaseBook, scheduler: FakeScheduler, clock: StillClock
) -> None:
    _, decision = held(held_book, scheduler)
    scheduler.instances.clear()
    scheduler.starts.clear()

    early = OutboxRelay(async_relay(held_book), scheduler)
    await early.sweep()
    assert (len(scheduler.starts), scheduler.delivered) == (1, []), "the lost case is started, and told nothing"
    clock.now += HOLD
    await OutboxRelay(async_relay(held_book), scheduler).sweep()

    assert scheduler.delivered == [decision]


async def test_decision_that_was_withdrawn_is_never_delivered(
    held_book: CaseBook, scheduler: FakeScheduler, clock: StillClock
) -> None:
    opening, _ = held(held_book, scheduler)
    relay = OutboxRelay(async_relay(held_book), scheduler)
    held_book.withdraw_decision(opening.case_id, "ana")

    clock.now += HOLD
    await relay.sweep()
    assert scheduler.delivered == []
    again = held_book.accept_decision(a_decision(opening, action="lock_account"), MANAGER)
    await relay.sweep()
    assert scheduler.delivered == []
    clock.now += HOLD
    await relay.sweep()

    assert scheduler.delivered == [again]


async def test_several_holds_end_each_at_its_time(
    held_book: CaseBook, scheduler: FakeScheduler, clock: StillClock
) -> None:
    relay = OutboxRelay(async_relay(held_book), scheduler)
    _, first = held(held_book, scheduler)
    clock.now += SECOND
    _, second = held(held_book, scheduler, 2)
    await relay.sweep()

    clock.now += HOLD - SECOND
    await relay.sweep()
    assert (scheduler.delivered, relay.rest_s) == ([first], 1.0)
    clock.now += SECOND
    await relay.sweep()
    assert scheduler.delivered == [first, second]


async def test_api_takes_a_decision_back_until_the_hold_ends(
    client: httpx.AsyncClient, held_book: CaseBook, scheduler: FakeScheduler, clock: StillClock
) -> None:
    opening = case_in_review(held_book)
    case = opening.case_id
    scheduler.instances[case] = instance_state("awaiting_review")
    body = decision_body(opening, comment="The login is not his.")

    accepted = await client.post("/api/workflow/decision", json=body)
    shown = (await client.get(f"/api/cases/{case}")).json()["hold"]
    listed = (await client.get("/api/cases")).json()["items"][0]["hold"]
    other = await client.delete(f"/api/cases/{case}/decision", headers=signed_in("maria"))
    withdrawn = await client.delete(f"/api/cases/{case}/decision")
    nothing = await client.delete(f"/api/cases/{case}/decision")

    until = "2026-03-14T12:00:30Z"
    assert (accepted.status_code, accepted.json()["held_until"]) == (202, until)
    assert shown == listed
    assert (shown["held_until"], shown["seconds_left"], shown["decided_by"]) == (until, 30.0, "ana")
    assert (other.status_code, other.json()["id"]) == (403, "not-the-decider")
    assert (withdrawn.status_code, withdrawn.json()["comment"]) == (200, "The login is not his.")
    assert (nothing.status_code, nothing.json()["detail"]) == (
        409,
        "Nothing that was decided in this case waits to take effect: there is nothing to take back.",
    )
    await client.post("/api/workflow/decision", json=body)
    clock.now += HOLD
    late = await client.delete(f"/api/cases/{case}/decision")
    assert (late.status_code, late.json()["id"]) == (409, "decision-in-effect")
    # Whoever waits wakes the relay, as the next decision would.
    await client.post("/api/workflow/decision", json=decision_body(case_in_review(held_book, 2)))
    # The relay also starts what it does not find: that is no delivery.
    await eventually(lambda: bool(scheduler.delivered))
    assert {each.review_id for each in scheduler.delivered} == {opening.review.review_id}


async def test_watchdog_tells_nobody_of_a_held_decision(held_book: CaseBook, scheduler: FakeScheduler) -> None:
    held(held_book, scheduler)
    monotonic = Clock()
    relay = OutboxRelay(async_relay(held_book), scheduler, monotonic)
    await relay.sweep()

    for _ in range(3):
        monotonic.now += WATCH_EVERY_S
        await relay.sweep()

    assert (scheduler.delivered, scheduler.woken) == ([], [])
