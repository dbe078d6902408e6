"""A backend without its outside: a scheduler that does as the test says, and a server on a free port."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
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
from backend.services.installation import PublicConfig
from backend.services.kept_for import KeptFor
from backend.services.rate_limits import RateLimits
from backend.wiring import Wiring, serving, wire
from casebook.async_api import AsyncRelay
from casebook.database.transactions import Transactions
from casebook.relay_api import RelayApi
from casebook.schema.base import table_of
from casebook.schema.sessions import SessionRow
from contracts.actions import RecommendedAction
from contracts.assessment import RiskLevel
from contracts.closing import REASON_CODES
from contracts.hashing import content_hash
from contracts.investigation import ReviewOpening
from contracts.sessions import Scope
from contracts.telemetry import TelemetryEvent
from runtime.listening import listen
from tests.support.casebooks import CaseBook
from tests.unit.backend.fake_scheduler import FakeScheduler
from tests.unit.casebook.builders import HASTY, an_assessment, an_opening, begin, conclude, open_case

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


@contextmanager
def task_hub(port: int) -> Generator[str]:
    """A scheduler without a mark on its task hubs, and its address."""
    backend = InMemoryOrchestrationBackend(port=port)
    backend.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        backend.stop()


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
