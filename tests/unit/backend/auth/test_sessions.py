"""Sessions: who is asking, by a secret that nobody keeps."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from backend.auth.credentials import Caller
from backend.auth.errors import (
    AuthError,
    NotSignedIn,
    SessionEnded,
    SessionExpired,
    SessionIdle,
    SessionInvalid,
    UnknownPersona,
)
from backend.auth.personas import PERSONAS
from backend.auth.sessions import CACHED_FOR, SECRET_PREFIX, Sessions, SignIn, hash_of
from backend.executor import BlockingExecutor
from casebook.async_api import AsyncSessions
from casebook.database.transactions import Transactions
from casebook.errors import CasebookFull
from casebook.queries.sessions import KnownSession
from casebook.sessions_api import SessionsApi
from tests.unit.casebook.builders import NOON

pytestmark = pytest.mark.anyio

LIFETIME, IDLE = timedelta(hours=12), timedelta(hours=1)
HERE = Caller("192.0.2.1", "Firefox")


@dataclass
class Clock:
    """The time as the test says."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def record(engine: Engine, clock: Clock) -> AsyncSessions:
    return AsyncSessions(SessionsApi(Transactions(engine, clock)), BlockingExecutor())


def on_replica(record: AsyncSessions, clock: Clock, told: list[None] | None = None) -> Sessions:
    heard: list[None] = [] if told is None else told
    return Sessions(record, SignIn(PERSONAS, LIFETIME, IDLE), clock, lambda: heard.append(None))


@pytest.fixture
def sessions(record: AsyncSessions, clock: Clock) -> Sessions:
    return on_replica(record, clock)


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.subject)
async def test_session_says_who_signed_in(sessions: Sessions, persona: object) -> None:
    for each in PERSONAS:
        if each == persona:
            issued = await sessions.sign_in(each.subject, "browser", HERE)
            found = await sessions.find(issued.secret)
            assert found == issued.record
            assert (found.subject, found.name, found.roles) == (each.subject, each.name, each.roles)


async def test_no_two_secrets_are_alike_and_none_is_kept(sessions: Sessions, engine: Engine) -> None:
    issued = [await sessions.sign_in("ana", "browser", HERE) for _ in range(20)]
    assert len({each.secret for each in issued}) == len({each.record.session_id for each in issued}) == 20
    with engine.connect() as connection:
        for table in ("session", "security_event"):
            stored = str(connection.exec_driver_sql(f"SELECT * FROM {table}").all())
            assert not [each for each in issued if each.secret in stored or each.secret[4:] in stored]


async def test_only_personas_can_sign_in(sessions: Sessions) -> None:
    for subject in ("root", "", "Ana", "channel"):
        with pytest.raises(UnknownPersona, match="There is no persona"):
            await sessions.sign_in(subject, "browser", HERE)


@pytest.mark.parametrize("secret", [
    "x", "cwt_", SECRET_PREFIX + "a" * 42, SECRET_PREFIX + "a" * 44, SECRET_PREFIX + "a" * 43, "a" * 9_000,
    SECRET_PREFIX + "é" * 43, SECRET_PREFIX + "a" * 42 + "\n", hash_of("x"), "session-" + "0" * 32,
])  # fmt: skip
async def test_what_was_never_given_out_opens_nothing(sessions: Sessions, secret: str) -> None:
    with pytest.raises(SessionInvalid):
        await sessions.find(secret)


async def test_id_and_hash_of_a_session_open_nothing(sessions: Sessions) -> None:
    issued = await sessions.sign_in("ana", "browser", HERE)
    for shown in (issued.record.session_id, hash_of(issued.secret), issued.secret + "=", issued.secret.swapcase()):
        with pytest.raises(SessionInvalid):
            await sessions.find(shown)


async def test_without_a_secret_nobody_is_signed_in(sessions: Sessions) -> None:
    with pytest.raises(NotSignedIn):
        await sessions.find(None)


async def why_refused(sessions: Sessions, secret: str) -> type[AuthError] | None:
    try:
        await sessions.find(secret)
    except AuthError as error:
        return type(error)
    return None


async def test_session_that_is_not_used_ends(sessions: Sessions, clock: Clock) -> None:
    secret = (await sessions.sign_in("ana", "browser", HERE)).secret
    clock.now += IDLE - timedelta(seconds=1)
    assert await why_refused(sessions, secret) is None
    clock.now += timedelta(seconds=1)
    assert await why_refused(sessions, secret) is SessionIdle


async def test_use_prolongs_a_session_but_not_beyond_its_life(sessions: Sessions, clock: Clock) -> None:
    secret = (await sessions.sign_in("ana", "browser", HERE)).secret
    for _ in range(23):
        clock.now += timedelta(minutes=30)
        await sessions.use(await sessions.find(secret))
    clock.now = NOON + LIFETIME - timedelta(seconds=1)
    await sessions.use(await sessions.find(secret))
    clock.now += timedelta(seconds=1)
    assert await why_refused(sessions, secret) is SessionExpired


async def test_use_is_written_once_a_minute(sessions: Sessions, clock: Clock, engine: Engine) -> None:
    secret = (await sessions.sign_in("ana", "browser", HERE)).secret
    seen: set[datetime] = set()
    for _ in range(180):
        clock.now += timedelta(seconds=1)
        found = await sessions.find(secret)
        await sessions.use(found)
        seen.add(found.last_used_at)
    assert sorted(seen) == [NOON + timedelta(minutes=minute) for minute in range(3)]


async def test_use_that_cannot_be_written_stops_nobody(sessions: Sessions, record: AsyncSessions, clock: Clock) -> None:
    async def use(session_id: str, idle: timedelta) -> None:
        raise CasebookFull(session_id, f"for {idle}")

    secret = (await sessions.sign_in("ana", "browser", HERE)).secret
    record.use = use
    clock.now += timedelta(minutes=5)
    await sessions.use(await sessions.find(secret))
    assert await why_refused(sessions, secret) is None


async def test_ended_session_is_refused_here_at_once(sessions: Sessions, clock: Clock) -> None:
    issued = await sessions.sign_in("ana", "browser", HERE)
    assert await why_refused(sessions, issued.secret) is None
    assert await sessions.end(issued.record.session_id, "signed_out", HERE) == issued.record
    assert await why_refused(sessions, issued.secret) is SessionEnded
    assert await sessions.end(issued.record.session_id, "signed_out", HERE) is None
    clock.now += timedelta(days=30)
    assert await why_refused(sessions, issued.secret) is SessionEnded


async def test_other_replica_refuses_within_seconds(record: AsyncSessions, clock: Clock) -> None:
    one, other = on_replica(record, clock), on_replica(record, clock)
    issued = await one.sign_in("ana", "browser", HERE)
    assert await why_refused(other, issued.secret) is None
    await one.end(issued.record.session_id, "ended_by_admin", HERE, "alex")
    clock.now += CACHED_FOR
    assert await why_refused(other, issued.secret) is SessionEnded


async def test_new_session_in_a_browser_ends_the_one_before(sessions: Sessions) -> None:
    first = await sessions.sign_in("ana", "browser", HERE)
    await sessions.find(first.secret)
    second = await sessions.sign_in("alex", "browser", HERE, first.record.session_id)
    assert await why_refused(sessions, first.secret) is SessionEnded
    assert (await sessions.find(second.secret)).subject == "alex"


class Looks:
    """Looks sessions up, counts how often, and holds each look up until the test lets it go on."""

    def __init__(self, record: AsyncSessions) -> None:
        self._record = record.blocking
        self.asked: list[str] = []
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()
        record.find = self.find

    async def find(self, secret_hash: str) -> KnownSession | None:
        self.asked.append(secret_hash)
        found = self._record.find(secret_hash)
        await self.may_go_on.wait()
        return found


async def test_known_session_is_looked_up_once(record: AsyncSessions, clock: Clock, sessions: Sessions) -> None:
    secret = (await sessions.sign_in("ana", "browser", HERE)).secret
    looks = Looks(record)
    for _ in range(10):
        await sessions.find(secret)
    assert looks.asked == [hash_of(secret)]
    clock.now += CACHED_FOR
    await asyncio.gather(*(sessions.find(secret) for _ in range(20)))
    assert len(looks.asked) == 2


async def test_request_that_is_broken_off_leaves_the_others(record: AsyncSessions, sessions: Sessions) -> None:
    secret = (await sessions.sign_in("ana", "browser", HERE)).secret
    looks = Looks(record)
    looks.may_go_on.clear()
    first, second = (asyncio.create_task(sessions.find(secret)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    looks.may_go_on.set()
    assert (await second).subject == "ana"
    assert first.cancelled()
    assert len(looks.asked) == 1


async def test_look_from_before_an_end_is_not_believed(record: AsyncSessions, sessions: Sessions) -> None:
    issued = await sessions.sign_in("ana", "browser", HERE)
    looks = Looks(record)
    looks.may_go_on.clear()
    before = asyncio.create_task(sessions.find(issued.secret))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await sessions.end(issued.record.session_id, "signed_out", HERE)
    looks.may_go_on.set()
    assert (await before).subject == "ana"
    assert await why_refused(sessions, issued.secret) is SessionEnded


async def test_those_who_watch_are_told_of_every_end(record: AsyncSessions, clock: Clock) -> None:
    told: list[None] = []
    sessions = on_replica(record, clock, told)
    issued = await sessions.sign_in("ana", "browser", HERE)
    before = len(told)
    await sessions.find(issued.secret)
    await sessions.use(issued.record)
    assert len(told) == before
    await sessions.end(issued.record.session_id, "signed_out", HERE)
    assert len(told) == before + 1
