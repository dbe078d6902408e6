"""What is pushed to a person ends with their session. Real servers; the backend's clock is the test's."""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from backend.auth.personas import PERSONAS
from backend.auth.sessions import LocalAuthenticator
from tests.support.casebooks import CaseBook
from tests.unit.backend.api.test_case_socket import drain
from tests.unit.backend.support import FakeScheduler, RunningBackend
from tests.unit.casebook.builders import NOON, open_case

LIFETIME = timedelta(seconds=1)


@dataclass
class Clock:
    """The time as the test says: a new session has its whole life before it, however slow the test is."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@dataclass
class BriefSessions:
    """A running backend whose sessions are short."""

    backend: RunningBackend
    clock: Clock
    header: dict[str, str]


@pytest.fixture
def brief(book: CaseBook, scheduler: FakeScheduler) -> Generator[BriefSessions]:
    clock = Clock()
    authenticator = LocalAuthenticator("k" * 32, LIFETIME, PERSONAS, clock)
    running = RunningBackend(book, scheduler, authenticator)
    running.start()
    yield BriefSessions(running, clock, {"Authorization": f"Bearer {authenticator.sign_in('vera').token}"})
    running.stop()


def test_an_event_stream_ends_cleanly_and_is_not_resumed(brief: BriefSessions) -> None:
    url = f"{brief.backend.url}/api/events/stream"
    with httpx.stream("GET", url, headers=brief.header, timeout=60) as stream:
        assert stream.status_code == 200
        assert b": following after" in b"".join(stream.iter_raw())
    brief.clock.now += LIFETIME
    again = httpx.get(url, headers=brief.header, timeout=60)
    assert (again.status_code, again.json()["id"]) == (401, "session-expired")


def test_socket_closes_with_4401_and_stays_closed(brief: BriefSessions, book: CaseBook) -> None:
    url = f"{brief.backend.socket_url}/api/workflow/ws/{open_case(book)}"
    with connect(url, open_timeout=60, additional_headers=brief.header) as socket:
        messages, code = drain(socket)
        assert (code, len(messages) <= 1) == (4401, True)
        assert socket.close_reason == "the session ended: sign in again"
    brief.clock.now += LIFETIME
    with pytest.raises(InvalidStatus) as refused:
        connect(url, open_timeout=60, additional_headers=brief.header)
    assert refused.value.response.status_code == 401
