"""`scripts/bench chat`: turns a second, what a turn takes beside the model, and the chat under load and when full.

A stack of its own, one worker, SQLite. A turn is timed from its request to its reply over HTTP. Its overhead is what it
takes beyond the model's own time: the calls that one turn makes, each as long as the local model's latency. Load comes
at a fixed rate, whether answers come or not, and is timed from when each request was due. The reference of the load is
`/healthz` at the same rate; of the page with many conversations, the same page with few.
"""

import argparse
import asyncio
import os
import platform
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import Engine, func, insert, select, update

from casebook.database.engine import for_writing, open_engine
from casebook.queries.tokenizer import join_words, words_of
from casebook.schema.base import table_of
from casebook.schema.cases import CaseRow
from casebook.schema.chat import ChatTurnRow, ChatUserRow
from casebook.schema.domain_events import SequenceRow
from local.parts import PartName
from tests.support.stack import LocalStack

ALONE = 30
"""Turns of one user, one after the other."""
SIDE_BY_SIDE = 32
"""Users who write at the same time, each the next message after the reply."""
EACH = 8
"""Messages of each of them."""
RATE_PER_MINUTE = 10_000
LOAD_S = 60.0
USERS = 1_000
"""Of the load: each writes ten messages a minute."""
CONVERSATIONS = 10_000
DECISIONS = 50
PAGES = 200
PATIENCE_S = 900.0
PARTS: tuple[PartName, ...] = ("backend", "worker", "scheduler", "model", "mcp")
CALM, URGENT = "Hello there", "This is an urgent request!"
UNLIMITED = {"CHAT_MESSAGES_PER_MINUTE": "10000", "CHAT_OPEN_TURNS": "1000"}
_TURNS, _USERS, _SEQUENCE = table_of(ChatTurnRow), table_of(ChatUserRow), table_of(SequenceRow)
_CASES = table_of(CaseRow)


@dataclass(frozen=True)
class Load:
    """How requests at a fixed rate were answered."""

    seconds: Sequence[float]
    """From when each was due until it was answered."""
    statuses: Mapping[int, int]
    cpu: Mapping[str, float]
    """Of each process the processors that it used."""


class Bench:
    """A running stack and what is measured on it."""

    def __init__(self, stack: LocalStack, engine: Engine, http: aiohttp.ClientSession) -> None:
        self._stack = stack
        self._engine = engine
        self._http = http

    async def alone(self, latency_s: float) -> tuple[list[float], float]:
        """The overheads of turns of one user, one after the other, in seconds, and the model calls of each."""
        with self._stack.slow_model(latency_s):
            before = self._calls()
            times = [await self._say(f"alone-{latency_s:g}", CALM) for _ in range(ALONE)]
            calls = (self._calls() - before) / ALONE
        return [seconds - calls * latency_s for seconds in times], calls

    async def side_by_side(self, latency_s: float, calls: float) -> tuple[float, list[float]]:
        """Turns a second of many users at once, and the overheads of these turns in seconds."""

        async def converse(user: str) -> list[float]:
            return [await self._say(user, CALM) for _ in range(EACH)]

        with self._stack.slow_model(latency_s):
            started = time.perf_counter()
            users = (f"many-{latency_s:g}-{number}" for number in range(SIDE_BY_SIDE))
            times = [each for of_user in await asyncio.gather(*map(converse, users)) for each in of_user]
            seconds = time.perf_counter() - started
        return len(times) / seconds, [each - calls * latency_s for each in times]

    async def load(self, send: Callable[[int], Awaitable[int]], seconds: float) -> Load:
        """Send at the rate of the target, whether answers come or not."""
        before, own = {part: self._cpu_s(part) for part in PARTS}, time.process_time()
        times: list[float] = []
        statuses: Counter[int] = Counter()

        async def one(number: int, due: float) -> None:
            status = await send(number)
            times.append(time.perf_counter() - due)
            statuses[status] += 1

        started = time.perf_counter()
        async with asyncio.TaskGroup() as requests:
            for number in range(round(RATE_PER_MINUTE / 60 * seconds)):
                due = started + number * 60 / RATE_PER_MINUTE
                # A fixed rate: no event tells when the next request is due.
                await asyncio.sleep(due - time.perf_counter())
                requests.create_task(one(number, due))
        took = time.perf_counter() - started
        cpu = {str(part): (self._cpu_s(part) - before[part]) / took for part in PARTS}
        return Load(times, statuses, {**cpu, "this client": (time.process_time() - own) / took})

    async def health(self, _: int) -> int:
        """One request of the reference."""
        async with self._http.get("/healthz") as answer:
            await answer.read()
            return answer.status

    async def message(self, number: int) -> int:
        """One message of the load, whose reply is not waited for."""
        body = {"user_id": f"load-{number % USERS}", "text": CALM}
        async with self._http.post("/api/chat", params={"wait": "0"}, json=body) as answer:
            await answer.read()
            return answer.status

    async def settle(self) -> tuple[int, float]:
        """Wait until no turn is open; how many were, and how many seconds that took."""
        left, started = self.turns_in("queued", "drafting", "checking"), time.perf_counter()
        await self._until(lambda: self.turns_in("queued", "drafting", "checking") == 0, "all replies")
        return left, time.perf_counter() - started

    async def ask_people(self, count: int, first: int = 0) -> float:
        """Send that many sensitive messages, each of another user; seconds until all wait for a person."""
        started, waiting = time.perf_counter(), self._waiting()

        async def one(number: int) -> None:
            body = {"user_id": f"urgent-{number}", "text": URGENT}
            async with self._http.post("/api/chat", params={"wait": "0"}, json=body) as answer:
                answer.raise_for_status()

        for start in range(first, first + count, SIDE_BY_SIDE):
            await asyncio.gather(*map(one, range(start, min(start + SIDE_BY_SIDE, first + count))))
        await self._until(lambda: self._waiting() >= waiting + count, "all questions")
        return time.perf_counter() - started

    async def decide(self, count: int) -> list[float]:
        """Approve replies one after the other; the seconds from each decision until the reply is sent."""
        found = self._stack.http.get("/api/cases", params={"kind": "reply", "state": "awaiting_review", "limit": count})
        return [await self._approve(case["case_id"]) for case in found.json()["items"]]

    async def pages(self) -> dict[str, list[float]]:
        """The seconds of each kind of page, read again and again."""
        paths = {
            "users": "/api/conversations?limit=50",
            "one conversation": "/api/conversations/page-7?limit=50",
            "search in one": "/api/conversations/page-7?limit=50&search=bill",
            "figures": "/api/analytics?days=30",
        }
        headers = {"Authorization": self._stack.http.headers["Authorization"]}
        times: dict[str, list[float]] = {}
        for name, path in paths.items():
            for _ in range(PAGES):
                started = time.perf_counter()
                async with self._http.get(path, headers=headers) as answer:
                    answer.raise_for_status()
                    await answer.read()
                times.setdefault(name, []).append(time.perf_counter() - started)
        return times

    def turns_in(self, *states: str) -> int:
        """How many turns are in one of these states."""
        with self._engine.connect() as connection:
            return connection.scalar(select(func.count()).where(_TURNS.c.state.in_(states))) or 0

    async def _say(self, user: str, text: str) -> float:
        started = time.perf_counter()
        async with self._http.post("/api/chat", params={"wait": "120"}, json={"user_id": user, "text": text}) as answer:
            body = await answer.json()
            if answer.status != 200:
                raise RuntimeError(f"{answer.status}: {body}")
        return time.perf_counter() - started

    async def _approve(self, case_id: str) -> float:
        case = self._stack.http.get(f"/api/cases/{case_id}").raise_for_status().json()
        body = {
            "review_id": case["review"]["review_id"],
            "assessment_hash": case["review"]["assessment_hash"],
            "verdict": "approve",
            "action": "send",
        }
        path = f"/api/chat/{case_id.removeprefix('case_reply-')}"
        started = time.perf_counter()
        self._stack.http.post("/api/workflow/decision", json=body).raise_for_status()

        while True:
            async with self._http.get(path) as answer:
                if (await answer.json())["state"] == "sent":
                    return time.perf_counter() - started

    def _waiting(self) -> int:
        with self._engine.connect() as connection:
            asked = _CASES.c.state == "awaiting_review", _CASES.c.kind == "reply"
            return connection.scalar(select(func.count()).where(*asked)) or 0

    def _calls(self) -> int:
        return sum(self._stack.model_calls_by_agent().values())

    def _cpu_s(self, part: str) -> float:
        fields = Path(f"/proc/{self._stack.pid(part)}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @staticmethod
    async def _until(reached: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not await asyncio.to_thread(reached):
            if time.monotonic() > deadline:
                raise TimeoutError(f"In {PATIENCE_S:.0f} s: {what} did not come.")
            await asyncio.sleep(0.1)  # other processes do it


def add_conversations(engine: Engine, first: int, count: int) -> None:
    """Write conversations of two turns that have ended."""
    now = datetime.now(UTC) - timedelta(days=20)
    with for_writing(engine).begin() as connection:
        change = connection.scalar(select(_SEQUENCE.c.last_number).where(_SEQUENCE.c.name == "chat_change")) or 0
        for start in range(first, first + count, 1_000):
            numbers = range(start, min(start + 1_000, first + count))
            users = [
                {"user_id": f"page-{number}", "first_seen_at": now, "turns": 2, "wrote": change + 2 * number + 1}
                for number in numbers
            ]
            connection.execute(insert(_USERS), users)
            turns = [_ended_turn(number, position, change, now) for number in numbers for position in (1, 2)]
            connection.execute(insert(_TURNS), turns)
        last = change + 2 * (first + count) + 2
        connection.execute(update(_SEQUENCE).where(_SEQUENCE.c.name == "chat_change").values(last_number=last))


def _ended_turn(number: int, position: int, change: int, since: datetime) -> dict[str, Any]:
    at = since + timedelta(seconds=100 * number % 1_700_000 + position)
    message, reply = f"What is on bill {number}?", f"Your bill {number} is over {number % 90} dollars."
    return {
        "turn_id": f"turn-{number}p{position}",
        "user_id": f"page-{number}",
        "position": position,
        "state": "sent",
        "message": message,
        "words": join_words(words_of(message, reply)),
        "received_at": at,
        "scheduled_at": at,
        "round": 1,
        "reply": reply,
        "replied_at": at + timedelta(seconds=1),
        "counted_at": at + timedelta(seconds=2),
        "change": change + 2 * number + position,
    }


async def measure(bench: Bench, waiting: int, load_s: float, add: Callable[[int, int], None]) -> None:
    """All parts, one after the other. `add` writes conversations from a number on."""
    await bench.alone(0.0)
    for latency_s in (0.0, 0.5):
        overheads, calls = await bench.alone(latency_s)
        _say(f"model latency {latency_s:g} s, {calls:.1f} model calls a turn")
        _say(f"  one user, {len(overheads)} turns: overhead of a turn {_spread(overheads)}")
        rate, overheads = await bench.side_by_side(latency_s, calls)
        many = f"{SIDE_BY_SIDE} users, {len(overheads)} turns"
        _say(f"  {many}: {rate:.1f} a second, overhead of a turn {_spread(overheads)}")
    await _measure_pages(bench, add)
    health = await bench.load(bench.health, load_s)
    _say_load("GET /healthz", health, health)
    _say_load("POST /api/chat?wait=0", await bench.load(bench.message, load_s), health)
    left, seconds = await bench.settle()
    _say(f"  {left:,} turns were open then; the last was answered after {seconds:.0f} s, {left / seconds:.0f} a second")
    await _measure_waiting(bench, waiting)


async def _measure_pages(bench: Bench, add: Callable[[int, int], None]) -> None:
    add(1, CONVERSATIONS // 100)
    few = await bench.pages()
    add(CONVERSATIONS // 100 + 1, CONVERSATIONS - CONVERSATIONS // 100)
    for name, times in (await bench.pages()).items():
        ratio = _percentile(times, 0.95) / _percentile(few[name], 0.95)
        compared = f"p95 {ratio:.2f} x that of {CONVERSATIONS // 100}"
        _say(f"{CONVERSATIONS:,} conversations, {name}: {_spread(times)}, {compared}")


async def _measure_waiting(bench: Bench, waiting: int) -> None:
    await bench.ask_people(DECISIONS)
    few = await bench.decide(DECISIONS)
    seconds = await bench.ask_people(waiting, first=DECISIONS)
    _say(
        f"{waiting:,} sensitive messages: all wait for a person after {seconds:.0f} s, {waiting / seconds:.1f} a second"
    )
    many = await bench.decide(DECISIONS)
    ratio = _percentile(many, 0.95) / _percentile(few, 0.95)
    _say(f"decision -> reply sent with {waiting:,} waiting: {_spread(many)}, p95 {ratio:.2f} x that with {DECISIONS}")


def _say_load(name: str, load: Load, reference: Load) -> None:
    p95, base = _percentile(load.seconds, 0.95), _percentile(reference.seconds, 0.95)
    errors = sum(count for status, count in load.statuses.items() if status >= 400)
    _say(
        f"{RATE_PER_MINUTE:,} requests a minute on {name}, {len(load.seconds):,} sent: p50 "
        f"{_percentile(load.seconds, 0.5) * 1e3:.1f} ms, p95 {p95 * 1e3:.1f} ms ({p95 / base:.1f} x /healthz), "
        f"errors {errors}"
    )
    used = ", ".join(f"{part} {share:.2f}" for part, share in load.cpu.items() if share >= 0.005)
    _say(f"  processors used: {used}; of {os.cpu_count()}")


def _spread(seconds: Sequence[float]) -> str:
    return f"p50 {statistics.median(seconds) * 1e3:.0f} ms, p95 {_percentile(seconds, 0.95) * 1e3:.0f} ms"


def _percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def _run(stack: LocalStack, engine: Engine, waiting: int, load_s: float) -> None:
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
    async with aiohttp.ClientSession(stack.url, connector=connector, timeout=timeout) as http:
        await measure(Bench(stack, engine, http), waiting, load_s, partial(add_conversations, engine))


def main() -> int:
    """Starts a stack of its own on free ports and prints the figures. Returns 0."""
    parser = argparse.ArgumentParser(prog="scripts/bench chat", description=__doc__)
    parser.add_argument("--waiting", type=int, default=1_000, help="replies that wait for a person (default: 1000)")
    parser.add_argument("--seconds", type=float, default=LOAD_S, help="how long each load lasts (default: 60)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        with LocalStack(data, "--no-simulator", env=UNLIMITED) as stack:
            engine = open_engine(f"sqlite:///{data / 'casebook.db'}")
            _say(f"Python {platform.python_version()}, {os.cpu_count()} cores, one worker process, SQLite")
            asyncio.run(_run(stack, engine, asked.waiting, asked.seconds))
            engine.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main())
