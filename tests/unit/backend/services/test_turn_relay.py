"""Turns reach the scheduler one at a time for each user, and are started again when they are lost."""

from collections.abc import Generator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from backend.executor import BlockingExecutor
from backend.services.errors import SchedulerUnavailable
from backend.services.turn_relay import SWEEP_S, TurnRelay
from casebook.async_api import AsyncChat
from casebook.chat_api import ChatApi
from casebook.commands.chat_messages import NewMessage
from casebook.database.engine import open_engine
from casebook.database.transactions import Transactions
from casebook.policy.chat_limits import ChatLimits
from casebook.queries.chat import DraftBasis
from contracts.chat import ChatDraft
from contracts.kinds.reply import REPLY
from contracts.names import CHAT_TURN
from tests.support.casebooks import CaseBook
from tests.unit.backend.fake_scheduler import FakeScheduler, instance_state
from tests.unit.backend.support import Clock
from tests.unit.casebook.builders import NOON
from tests.unit.casebook.test_conversations import ask

pytestmark = pytest.mark.anyio

LIMITS = ChatLimits(per_minute=1_000, open_turns=1_000)


class LaterClock:
    """The record's time, as the test says."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def record_clock() -> LaterClock:
    return LaterClock()


@pytest.fixture
def chat(book: CaseBook, record_clock: LaterClock, tmp_path: Path) -> Generator[ChatApi]:
    engine = open_engine(f"sqlite:///{tmp_path}/casebook.db")
    yield ChatApi(Transactions(engine, record_clock))
    engine.dispose()


@pytest.fixture
def relay(chat: ChatApi, scheduler: FakeScheduler, clock: Clock) -> TurnRelay:
    return TurnRelay(AsyncChat(chat, BlockingExecutor()), scheduler, clock)


def post(chat: ChatApi, number: int = 1, user: str = "bob") -> str:
    new = NewMessage(f"turn-{user}-{number}", user, f"Message {number}", {}, (), None)
    return chat.post_message(new, LIMITS).turn.turn_id


def draft(chat: ChatApi, turn: str, *flags: str) -> ChatDraft:
    basis = chat.begin_draft(turn)
    assert isinstance(basis, DraftBasis)
    written = ChatDraft(round=basis.round, seen=basis.seen, text="Hi", model="rules", flagged_because=flags)
    return chat.keep_draft(turn, written)


async def watch(relay: TurnRelay, clock: Clock) -> None:
    clock.now += SWEEP_S
    await relay.sweep()


async def test_one_turn_of_each_user_starts_the_oldest_first(
    relay: TurnRelay, chat: ChatApi, scheduler: FakeScheduler
) -> None:
    turns = [post(chat, 1), post(chat, 2), post(chat, 1, "eve"), post(chat, 3)]
    await relay.sweep()
    await relay.sweep()
    assert scheduler.starts == [f"chat-{turns[0]}", f"chat-{turns[2]}"]
    draft(chat, turns[0])
    chat.send_reply(turns[0], 1)
    await relay.sweep()
    assert scheduler.starts[2:] == [f"chat-{turns[1]}"]


async def test_message_waits_for_a_scheduler_that_is_away(
    relay: TurnRelay, chat: ChatApi, scheduler: FakeScheduler
) -> None:
    turn = post(chat)
    scheduler.reachable = False
    with pytest.raises(SchedulerUnavailable):
        await relay.sweep()
    assert [waiting.turn_id for waiting in chat.unscheduled_turns()] == [turn]
    scheduler.reachable = True
    await relay.sweep()
    assert (scheduler.starts, chat.unscheduled_turns()) == ([f"chat-{turn}"], [])


async def test_refused_turn_holds_up_nobody_else(relay: TurnRelay, chat: ChatApi, scheduler: FakeScheduler) -> None:
    refused, other = post(chat), post(chat, 1, "eve")
    scheduler.refuses.add(refused)
    await relay.sweep()
    assert scheduler.starts == [f"chat-{other}"]


async def test_running_turn_is_left_alone(
    relay: TurnRelay, chat: ChatApi, scheduler: FakeScheduler, clock: Clock
) -> None:
    post(chat)
    await relay.sweep()
    await watch(relay, clock)
    assert (len(scheduler.starts), scheduler.looked_at) == (1, ["chat-turn-bob-1"])


async def test_lost_turn_is_started_again(
    relay: TurnRelay, chat: ChatApi, scheduler: FakeScheduler, clock: Clock
) -> None:
    turn = post(chat)
    await relay.sweep()
    scheduler.instances.clear()
    await watch(relay, clock)
    await relay.sweep()
    assert scheduler.starts == [f"chat-{turn}"] * 2


async def test_decision_is_told_to_the_restarted_turn(
    relay: TurnRelay, chat: ChatApi, book: CaseBook, scheduler: FakeScheduler, clock: Clock
) -> None:
    turn = post(chat)
    await relay.sweep()
    ask(book, turn, draft(chat, turn, "The message says 'urgent'."))
    scheduler.instances.clear()
    await watch(relay, clock)
    await relay.sweep()
    assert scheduler.woken == [(REPLY.case_id(turn), 1)]


async def test_suspended_turn_is_resumed(
    relay: TurnRelay, chat: ChatApi, scheduler: FakeScheduler, clock: Clock
) -> None:
    post(chat)
    await relay.sweep()
    scheduler.instances["chat-turn-bob-1"] = instance_state("investigating", status="SUSPENDED", name=CHAT_TURN)
    await watch(relay, clock)
    assert scheduler.instances["chat-turn-bob-1"].runtime_status == "RUNNING"


@pytest.mark.parametrize("drafted", [False, True])
async def test_turn_that_fails_again_and_again_is_given_up(
    relay: TurnRelay,
    chat: ChatApi,
    scheduler: FakeScheduler,
    clock: Clock,
    record_clock: LaterClock,
    drafted: bool,
) -> None:
    turn = post(chat)
    await relay.sweep()
    if drafted:
        draft(chat, turn)
    for _ in range(5):
        scheduler.instances[f"chat-{turn}"] = instance_state("investigating", status="FAILED", name=CHAT_TURN)
        record_clock.now += timedelta(minutes=20)
        await watch(relay, clock)
        await relay.sweep()
    assert (len(scheduler.starts), chat.turn(turn).state) == (5, "failed")


async def test_turn_before_a_person_is_never_given_up(
    relay: TurnRelay,
    chat: ChatApi,
    book: CaseBook,
    scheduler: FakeScheduler,
    clock: Clock,
    record_clock: LaterClock,
) -> None:
    turn = post(chat)
    await relay.sweep()
    ask(book, turn, draft(chat, turn, "The message says 'urgent'."))
    for _ in range(10):
        scheduler.instances[f"chat-{turn}"] = instance_state("investigating", status="FAILED", name=CHAT_TURN)
        record_clock.now += timedelta(minutes=20)
        await watch(relay, clock)
        await relay.sweep()
    assert (len(scheduler.starts), chat.turn(turn).state) == (11, "checking")


async def test_pause_before_a_restart_grows(
    relay: TurnRelay, chat: ChatApi, scheduler: FakeScheduler, clock: Clock, record_clock: LaterClock
) -> None:
    turn = post(chat)
    waits: list[int] = []
    await relay.sweep()
    for failures in range(1, 4):
        scheduler.instances[f"chat-{turn}"] = instance_state("investigating", status="FAILED", name=CHAT_TURN)
        seconds = 0
        while len(scheduler.starts) == failures:
            await watch(relay, clock)
            await relay.sweep()
            record_clock.now += timedelta(seconds=1)
            seconds += 1
        waits.append(seconds - 1)
    assert waits == [0, 9, 19]
