"""A backend without its outside: a scheduler that does as the test says, and a server on a free port."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import get_args

import httpx
from durabletask.testing import InMemoryOrchestrationBackend
from fastapi import FastAPI
from pydantic import JsonValue
from sqlalchemy import insert, select
from uvicorn import Config

from backend.app import create_app
from backend.auth.identity import Identity
from backend.auth.oidc.opening import OpenProvider
from backend.auth.personas import PERSONAS
from backend.auth.sessions import SECRET_PREFIX, SignIn, hash_of
from backend.executor import BlockingExecutor
from backend.http.connections.config import server_config
from backend.http.connections.limits import ConnectionLimits
from backend.http.front import front
from backend.http.web_bundle import WebBundle
from backend.ingest import IngestReport
from backend.ingest.status import ingest_status
from backend.live.broadcast import Broadcast
from backend.main import BackendServer
from backend.services.durable_schedules import Operation, Schedules, ScheduleSight
from backend.services.errors import SchedulerUnavailable, StartRefused, TaskHubTaken
from backend.services.installation import PublicConfig
from backend.services.kept_for import KeptFor
from backend.services.rate_limits import RateLimits
from backend.services.scheduler import InstanceState, InstanceUnknown, RuntimeStatus
from backend.wiring import Wiring, serving, wire
from casebook.async_api import AsyncRelay
from casebook.database.transactions import Transactions
from casebook.relay_api import RelayApi
from casebook.schema.base import table_of
from casebook.schema.sessions import SessionRow
from contracts.actions import RecommendedAction
from contracts.assessment import RiskLevel
from contracts.case import CaseProgress
from contracts.closing import REASON_CODES
from contracts.hashing import content_hash
from contracts.ids import parse_review_id
from contracts.investigation import ReviewOpening
from contracts.kinds.reply import turn_instance
from contracts.names import CHAT_TURN, INVESTIGATION, REVERSAL, TASK_REMINDER
from contracts.reversal import Reversal
from contracts.review import Decision
from contracts.schedules import ScheduleId
from contracts.sessions import Scope
from contracts.tasks import reminder_instance
from contracts.telemetry import TelemetryEvent
from runtime.listening import listen
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import HASTY, NOON, an_assessment, an_opening, begin, conclude, open_case

CONFIG = PublicConfig(
    version="1",
    auth_mode="local",
    auto_clear_threshold=0.6,
    approval_timeout_hours=72,
    decision_hold_seconds=0,
    max_review_attempts=3,
    model=None,
    model_badge=None,
    telemetry_source="none",
    required_fields={},
    reason_codes=REASON_CODES,
)
NOTHING_READ = IngestReport(
    started_at=None, finished=False, events=0, malformed=0, dead_letters={}, mended={}, alerts={}, sources=()
)
YEAR = timedelta(days=366)
SIGN_IN = SignIn(PERSONAS)
FOR_EVER = KeptFor(
    cases=0,
    reply_cases=0,
    conversations=0,
    tasks=0,
    telemetry_dead_letters=0,
    domain_events=0,
    accesses=0,
    orchestrations=0,
)
"""What tests put on record may be of any day."""
SERVICES = tuple(
    Identity(subject=f"svc-{scope.replace('.', '-')}", name="A program", roles=(), scopes=(scope,))
    for scope in get_args(Scope)
)
"""A program for each scope, with nothing else."""


def secret_for(subject: str) -> str:
    """What opens the session that `sign_everybody_in` made for this persona."""
    return SECRET_PREFIX + subject.ljust(43, "_")


def signed_in(subject: str) -> dict[str, str]:
    """The header of a request by this persona."""
    return {"Authorization": f"Bearer {secret_for(subject)}"}


def session_of(subject: str) -> str:
    """The id of that session."""
    return f"session-{subject.encode().hex():0<32}"


def sign_everybody_in(transactions: Transactions) -> None:
    """A session for each persona and service, which lives for a year; the security log does not say that it began."""
    sessions = table_of(SessionRow)
    now = transactions.now()
    with transactions.write_apart() as connection:
        if connection.execute(select(sessions).where(sessions.c.session_id == session_of("ana"))).first() is not None:
            return
        rows = [
            {
                "session_id": session_of(persona.subject),
                "secret_hash": hash_of(secret_for(persona.subject)),
                "subject": persona.subject,
                "name": persona.name,
                "roles": json.dumps(persona.roles),
                "scopes": json.dumps(persona.scopes),
                "kind": "program",
                "began_at": now,
                "last_used_at": now + YEAR,
                "idle_ends_at": now + YEAR,
                "ends_at": now + YEAR,
                "address": "127.0.0.1",
                "client": "tests",
            }
            for persona in (*PERSONAS, *SERVICES)
        ]
        connection.execute(insert(sessions), rows)


def async_relay(record: RelayApi) -> AsyncRelay:
    """The facade as the backend's services use it."""
    return AsyncRelay(record, BlockingExecutor())


@dataclass
class Clock:
    """Seconds as the test says."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class FakeSchedules:
    """Schedules in memory: what is ordered is done at once while a worker is there, as the SDK's entity does it."""

    scheduler: "FakeScheduler"
    sight: ScheduleSight | None = None
    has_worker: bool = True
    orders: list[Operation] = field(default_factory=list[Operation])
    runs: list[date] = field(default_factory=list[date])

    async def look(self, schedule_id: ScheduleId) -> ScheduleSight | None:
        await self.scheduler.probe()
        return self.sight

    async def order(self, schedule_id: ScheduleId, operation: Operation) -> None:
        await self.scheduler.probe()
        self.orders.append(operation)
        if self.has_worker:
            was_paused = self.sight is not None and self.sight.is_paused
            is_paused = {"pause_schedule": True, "resume_schedule": False}.get(operation, was_paused)
            self.sight = ScheduleSight(is_paused, is_as_planned=True)

    async def run_again(self, schedule_id: ScheduleId, day: date) -> None:
        await self.scheduler.probe()
        self.runs.append(day)


@dataclass
class FakeScheduler:
    """A scheduler in memory; can be unreachable, lose its state, and refuse single cases."""

    reachable: bool = True
    refuses: set[str] = field(default_factory=set[str])
    never_starts: set[str] = field(default_factory=set[str])
    """What it refuses to start for good."""
    hub_owner: str | None = None
    """Whose work its task hub holds instead of ours."""
    unreadable: set[str] = field(default_factory=set[str])
    """Of what the state cannot be read."""
    attempts: list[str] = field(default_factory=list[str])
    instances: dict[str, InstanceState] = field(default_factory=dict[str, InstanceState])
    starts: list[str] = field(default_factory=list[str])
    reversals: list[Reversal] = field(default_factory=list[Reversal])
    delivered: list[Decision] = field(default_factory=list[Decision])
    woken: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    looked_at: list[str] = field(default_factory=list[str])
    received: asyncio.Event = field(default_factory=asyncio.Event)
    refused: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.keeps = FakeSchedules(self)
        self.schedules: Schedules = self.keeps

    async def start_investigation(self, case: str) -> None:
        self._answer(case)
        if case in self.never_starts:
            raise StartRefused("INVALID_ARGUMENT: its id is too long")
        known = self.instances.get(case)
        if known is None or known.runtime_status in ("COMPLETED", "FAILED", "TERMINATED"):
            self.starts.append(case)
            self.instances[case] = instance_state("investigating")
        self.received.set()

    async def start_reversal(self, reversal: Reversal) -> None:
        self._answer(reversal.reversal_id)
        if reversal.reversal_id in self.never_starts:
            raise StartRefused("INVALID_ARGUMENT: its id is too long")
        if reversal.reversal_id not in self.instances:
            self.reversals.append(reversal)
            self.instances[reversal.reversal_id] = instance_state("acting", name=REVERSAL)
        self.received.set()

    async def start_turn(self, turn_id: str) -> None:
        self._answer(turn_id)
        instance = turn_instance(turn_id)
        known = self.instances.get(instance)
        if known is None or known.runtime_status in ("COMPLETED", "FAILED", "TERMINATED"):
            self.starts.append(instance)
            self.instances[instance] = instance_state("investigating", name=CHAT_TURN)
        self.received.set()

    async def start_reminder(self, task_id: str, revision: int) -> None:
        instance = reminder_instance(task_id, revision)
        self._answer(instance)
        known = self.instances.get(instance)
        if known is None or known.runtime_status in ("COMPLETED", "FAILED", "TERMINATED"):
            self.starts.append(instance)
            self.instances[instance] = instance_state("investigating", name=TASK_REMINDER)
        self.received.set()

    async def deliver(self, decision: Decision) -> None:
        case, _ = parse_review_id(decision.review_id)
        self._answer(case)
        if case not in self.instances:
            raise InstanceUnknown(case)
        self.delivered.append(decision)
        self.received.set()

    async def wake(self, case: str, round_number: int) -> None:
        self._answer(case)
        self.woken.append((case, round_number))

    async def purge_ended(self, before: datetime) -> int:
        self._answer()
        over = [
            name
            for name, state in self.instances.items()
            if state.runtime_status in ("COMPLETED", "FAILED", "TERMINATED") and state.last_updated_at < before
        ]
        for name in over:
            del self.instances[name]
        return len(over)

    async def resume(self, instance_id: str) -> None:
        self._answer(instance_id)
        self.instances[instance_id] = self.instances[instance_id].model_copy(update={"runtime_status": "RUNNING"})

    async def terminate(self, instance_id: str) -> None:
        self._answer(instance_id)
        self.instances[instance_id] = self.instances[instance_id].model_copy(update={"runtime_status": "TERMINATED"})

    async def state_of(self, instance_id: str) -> InstanceState | None:
        self._answer()
        self.looked_at.append(instance_id)
        if instance_id in self.unreadable:
            raise RecursionError("maximum recursion depth exceeded")
        return self.instances.get(instance_id)

    async def living(self) -> frozenset[str]:
        self._answer()
        going_on = ("PENDING", "RUNNING", "SUSPENDED", "CONTINUED_AS_NEW")
        return frozenset(case for case, state in self.instances.items() if state.runtime_status in going_on)

    async def probe(self) -> None:
        self._answer()

    def _answer(self, case: str | None = None) -> None:
        if case is not None:
            self.attempts.append(case)
        if not self.reachable:
            self.refused.set()
            raise SchedulerUnavailable("nothing answers at its address")
        if self.hub_owner is not None:
            raise TaskHubTaken("desk", self.hub_owner, "ours")
        if case in self.refuses:
            raise SchedulerUnavailable("INTERNAL: it cannot be read")


@contextmanager
def task_hub(port: int) -> Generator[str]:
    """A scheduler without a mark on its task hubs, and its address."""
    backend = InMemoryOrchestrationBackend(port=port)
    backend.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        backend.stop()


def instance_state(
    phase: str,
    round_number: int = 1,
    status: RuntimeStatus = "RUNNING",
    result: str | None = None,
    name: str = INVESTIGATION,
) -> InstanceState:
    progress = CaseProgress.model_validate({"phase": phase, "round": round_number})
    return InstanceState(
        name=name,
        runtime_status=status,
        custom_status=progress,
        result=result,
        created_at=NOON,
        last_updated_at=NOON,
    )


def case_in_review(
    book: CaseBook,
    number: int = 1,
    refundable: tuple[str, ...] = (),
    escalation_reason: str | None = None,
    four_eyes: tuple[RecommendedAction, ...] | None = None,
    recommended: RecommendedAction = "lock_account",
    level: RiskLevel | None = "high",
    score: float | None = 0.8,
) -> ReviewOpening:
    """A case that a person is asked about."""
    case = open_case(book, number)
    book.confirm(scheduled=[case])
    begin(book, case, policy=HASTY)
    shown = {"refund_charge_ids": refundable, "risk_level": level}
    assessment = an_assessment(score=score, action=recommended).model_copy(update=shown)
    conclude(book, case, assessment)
    opening = an_opening(case, assessment, escalation_reason=escalation_reason)
    opening = opening.model_copy(update={"review": opening.review.model_copy(update={"four_eyes_actions": four_eyes})})
    return opening.model_copy(update={"review": book.open_review(opening)})


def decision_body(opening: ReviewOpening, **changes: JsonValue) -> dict[str, JsonValue]:
    """The JSON of an approval of what was shown."""
    body: dict[str, JsonValue] = {
        "review_id": opening.review.review_id,
        "assessment_hash": content_hash(opening.assessment),
        "verdict": "approve",
        "action": "lock_account",
    }
    return body | changes


@asynccontextmanager
async def answering(
    wiring: Wiring, web: Path | None = None, persona: str | None = "ana"
) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of an application that runs in this event loop, without a socket in between; None: not signed in."""
    app = create_app(web=None if web is None else WebBundle(web))

    def fail() -> None:
        raise AssertionError("a background job ended")

    sign_everybody_in(wiring.services.record.blocking.transactions)
    transport = httpx.ASGITransport(front(app), raise_app_exceptions=False)
    async with (
        serving(app, wiring, lambda: ingest_status(NOTHING_READ), fail),
        httpx.AsyncClient(
            transport=transport,
            base_url="http://127.0.0.1:8001",
            headers={} if persona is None else signed_in(persona),
        ) as client,
    ):
        yield client


class RunningBackend:
    """A real server in a thread of its own, for what needs sockets."""

    def __init__(
        self,
        book: CaseBook,
        scheduler: FakeScheduler,
        sign_in: SignIn = SIGN_IN,
        send_buffer: int | None = None,
        open_provider: OpenProvider | None = None,
        *,
        rates: RateLimits | None = None,
        consumes_events: bool = True,
        limits: ConnectionLimits | None = None,
    ) -> None:
        """`limits`: as the process sets them; None for none."""
        self.broadcast = Broadcast()
        self.loop: asyncio.AbstractEventLoop | None = None
        self._up = threading.Event()
        self.wiring = wire(
            book,
            scheduler,
            sign_in,
            self.broadcast,
            CONFIG,
            consumes_events=consumes_events,
            open_provider=open_provider,
            rates=rates,
            kept_for=FOR_EVER,
        )
        sign_everybody_in(book.transactions)

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
            self.loop = asyncio.get_running_loop()
            async with serving(app, self.wiring, lambda: ingest_status(NOTHING_READ), lambda: None):
                self._up.set()
                yield

        listener = listen("127.0.0.1", 0, instead="")
        if send_buffer is not None:
            # What is accepted has it, too: so a client that takes nothing holds up the server after little.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        self.port: int = listener.getsockname()[1]
        app = front(create_app(lifespan))
        config = Config(app, log_config=None, timeout_graceful_shutdown=30)
        if limits is not None:
            config = server_config(app, limits, 30)
        self._server = BackendServer(config, self.broadcast)
        self._thread = threading.Thread(target=self._server.run, args=([listener],))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def observe(self, *events: TelemetryEvent) -> None:
        """Hands telemetry to the running server, as its ingest would."""
        assert self.loop is not None

        def take_all() -> None:
            for event in events:
                self.wiring.sampler.take(event)

        self.loop.call_soon_threadsafe(take_all)

    def start(self) -> None:
        self._thread.start()
        assert self._up.wait(60)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(60)
        assert not self._thread.is_alive()


@dataclass(frozen=True)
class Sent:
    """One server-sent event as a browser understands it."""

    event: str
    id: int | None
    data: dict[str, JsonValue]


def read_events(lines: Iterator[str]) -> Iterator[Sent]:
    """Reads server-sent events as the WHATWG's rules say; comments and `retry` are skipped."""
    fields: dict[str, str] = {}
    for line in lines:
        if line == "":
            if "data" in fields:
                number = int(fields["id"]) if "id" in fields else None
                yield Sent(fields["event"], number, json.loads(fields["data"]))
            fields = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value
