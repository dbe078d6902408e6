"""Kills the parts of a real stack at every step of a turn, and counts replies, rows, counts and events."""

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx

from casebook.chat_api import ChatApi
from casebook.database.engine import open_engine
from casebook.database.transactions import Transactions
from casebook.events_api import EventsApi
from contracts.case import CaseSummary
from contracts.kinds.reply import REPLY
from tests.support.casebooks import CaseBook
from tests.support.crashing import CHAT_POINTS, FOLDER, KILLED
from tests.support.second_parts import SecondBackend, SecondPart
from tests.support.stack import LocalStack

PATIENCE_S = 240.0
SCHEDULER_KILLED = "stopped with signal SIGKILL"
_PART = ("-m", "tests.support.crashing")


@dataclass(frozen=True)
class ChatOutcome:
    """What a run came to."""

    turns: int
    kills: int
    unanswered: int
    """Turns that are not answered by exactly the reply that was to be sent."""
    miscounted: int
    """Users whose count is not that of their turns."""
    doubled: int
    """Events and rows beyond the first of a turn, and such as are missing."""
    broken: str | None
    """The first broken link of the audit chain."""
    seconds: float

    @property
    def is_exact(self) -> bool:
        """Whether each turn has one reply, one row, one count and one event."""
        return (self.unanswered, self.miscounted, self.doubled, self.broken) == (0, 0, 0, None)


@dataclass(frozen=True)
class _Turn:
    turn_id: str
    user: str
    is_flagged: bool


@dataclass(frozen=True)
class _Run:
    """What the turns of a run go through, and where their record is."""

    stack: LocalStack
    backends: Sequence[httpx.Client]
    record: ChatApi
    book: CaseBook
    points: Path


def kill_at_every_step_of_a_turn(data: Path, waves: int, database: str | None = None) -> ChatOutcome:
    """Run `waves` waves on a stack of its own: each kills processes at all points, and the scheduler.

    With a `database`, the URL of an empty one, the stack has a second worker and a second backend.
    """
    points = data / "points"
    points.mkdir(parents=True)
    url = database or f"sqlite:///{data / 'casebook.db'}"
    stack = LocalStack(data, env={FOLDER: str(points), "CASEBOOK_URL": url})
    stack.command = (
        sys.executable, "-m", "tests.support.crashing", "stack", "--data", str(data), "--no-simulator",
    )  # fmt: skip
    with stack, ExitStack() as others:
        engine = open_engine(url)
        others.callback(engine.dispose)
        transactions = Transactions(engine)
        seconds = [] if database is None else [SecondPart(stack, "worker", *_PART), SecondBackend(stack, *_PART)]
        for second in seconds:
            others.enter_context(second)
        backends = [stack.http, *(second.http for second in seconds if isinstance(second, SecondBackend))]
        run = _Run(stack, backends, ChatApi(transactions), CaseBook(transactions), points)
        started = time.monotonic()
        turns = [turn for wave in range(waves) for turn in _run_wave(run, wave)]
        took = time.monotonic() - started
        parts = (stack, *seconds)
        # Who is killed last says so when it has risen, after its point was passed.
        _until(lambda: _kills(parts) >= waves * (len(CHAT_POINTS) + 1), "everybody who was killed says so")
        # What was sent is counted afterwards, by the events.
        _until(lambda: all(_is_counted(run, turn) for turn in turns), "everything that was sent is counted")
        return _count(run, turns, _kills(parts), took)


def _is_counted(run: _Run, turn: _Turn) -> bool:
    return run.record.message_count(turn.user).message_count > 0


def _run_wave(run: _Run, wave: int) -> Sequence[_Turn]:
    for point in CHAT_POINTS:
        (run.points / point).touch()
    killing = threading.Thread(target=run.stack.kill, args=("scheduler",))
    turns = [
        _post(backend, f"{kind}{wave}-{number}", is_flagged=kind == "urgent")
        for number, backend in enumerate(run.backends)
        for kind in ("calm", "urgent")
    ]
    killing.start()
    killing.join(PATIENCE_S)
    for number, turn in enumerate(turns):
        if turn.is_flagged:
            _until(lambda turn=turn: book_state(run.book, turn) == "awaiting_review", "a person is asked")
            _approve(run.backends[number % len(run.backends)], run.book, REPLY.case_id(turn.turn_id))
    for turn in turns:
        _until(lambda turn=turn: run.record.turn(turn.turn_id).state == "sent", f"{turn.turn_id} is sent")
    _until(lambda: not [*run.points.iterdir()], "everybody came by the points")
    return turns


def book_state(book: CaseBook, turn: _Turn) -> str | None:
    """The state of the case about a reply; None before there is one."""
    found: Sequence[CaseSummary] = book.list_cases().items
    return next((case.state for case in found if case.case_id == REPLY.case_id(turn.turn_id)), None)


def _post(backend: httpx.Client, user: str, *, is_flagged: bool) -> _Turn:
    """Send a message until the backend has taken it, however often it dies meanwhile."""
    said = {"user_id": user, "text": "This is urgent" if is_flagged else "Hello", "message_id": f"m-{user}"}
    answer = _persist(lambda: backend.post("/api/chat", params={"wait": 0}, json=said))
    turn_id = answer.json().get("turn_id") or backend.get(f"/api/conversations/{user}").json()["items"][0]["turn_id"]
    return _Turn(turn_id, user, is_flagged)


def _approve(backend: httpx.Client, book: CaseBook, case_id: str) -> None:
    review = book.get_case(case_id).review
    assert review is not None
    binding = {"review_id": review.review_id, "assessment_hash": review.assessment_hash}
    body = {**binding, "verdict": "approve", "action": "send"}
    _persist(lambda: backend.post("/api/workflow/decision", json=body))


def _persist(send: Callable[[], httpx.Response]) -> httpx.Response:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            answer = send()
        except httpx.TransportError:
            time.sleep(0.05)  # another process comes up without telling us
            continue
        if answer.status_code < 500:
            assert answer.status_code in (200, 202, 409), answer.text
            return answer
        time.sleep(0.05)  # a part that it needs comes up
    raise AssertionError("The backend never took the request.")


def _until(reached: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if reached():
            return
        time.sleep(0.05)  # who watches is not who is killed: the record is asked, not the backend
    raise AssertionError(f"It never came to this: {what}.")


def _kills(parts: Sequence[LocalStack | SecondPart]) -> int:
    lines = (line for part in parts for line in tuple(part.lines))
    return sum(KILLED in line or SCHEDULER_KILLED in line for line in lines)


def _count(run: _Run, turns: Sequence[_Turn], kills: int, seconds: float) -> ChatOutcome:
    record, book = run.record, run.book
    events = Counter(
        str(event.data["turn_id"])
        for _, event in EventsApi(book.transactions).events_after(0, 10_000)
        if event.type == "casewright.MessageSent"
    )
    unanswered = sum((record.turn(turn.turn_id).reply or "")[:3] != "Hi " for turn in turns)
    rows = Counter(user for turn in turns for user in [turn.user] * len(record.conversation(turn.user).items))
    doubled = sum(abs(events[turn.turn_id] - 1) + abs(rows[turn.user] - 1) for turn in turns)
    miscounted = sum(record.message_count(turn.user).message_count != 1 for turn in turns)
    broken = book.verify_case_log()
    return ChatOutcome(
        turns=len(turns),
        kills=kills,
        unanswered=unanswered,
        miscounted=miscounted,
        doubled=doubled,
        broken=None if broken is None else str(broken),
        seconds=seconds,
    )
