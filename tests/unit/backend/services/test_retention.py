"""What is over is ended, and what is older than it is kept is deleted."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from backend.executor import BlockingExecutor
from backend.services.retention import Retention
from casebook.async_api import AsyncSecurityLog, AsyncSessions
from casebook.case_log.security_chain import Noted
from casebook.commands import sessions
from casebook.commands.sessions import NewSession
from casebook.database.transactions import Transactions
from casebook.record_api import RecordApi
from casebook.security_log_api import SecurityLogApi
from casebook.sessions_api import SessionsApi
from tests.unit.casebook.builders import NOON

pytestmark = pytest.mark.anyio

HERE = "192.0.2.1"


@dataclass
class Clock:
    """The time as the test says."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


async def test_sweep_ends_sessions_and_purges_old_lines(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "ENDED_AT_ONCE", 2)
    monkeypatch.setattr("backend.services.retention.ENDED_AT_ONCE", 2)
    clock = Clock()
    transactions, threads = Transactions(engine, clock), BlockingExecutor()
    record = AsyncSessions(SessionsApi(transactions), threads)
    log = AsyncSecurityLog(SecurityLogApi(transactions), threads)
    retention = Retention(record, log, timedelta(days=30), clock)
    await log.note([Noted(NOON - timedelta(days=day), "exported", "done", "ana", HERE) for day in (40, 31, 29)])
    for number in range(5):
        named, secret = f"session-{number:032x}", f"hash-{number}"
        idle, life = timedelta(hours=1), timedelta(hours=12)
        await record.begin(NewSession(named, secret, "ana", "Ana", ("analyst",), "browser", HERE, "", idle, life))
    await retention.sweep()
    assert len((await record.list_open())[0]) == 5
    kinds = [each.kind for each in (await log.list()).items]
    assert kinds == ["exported", *["signed_in"] * 5, "log_purged"]
    clock.now += timedelta(hours=1)
    await retention.sweep()
    ended = [each.reason for each in (await log.list(kind="session_ended")).items]
    assert ended == ["idle"] * 5
    assert RecordApi(transactions).audit().broken is None
