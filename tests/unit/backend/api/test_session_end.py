"""What is pushed to a person ends with their session, on every replica. Real servers on one casebook."""

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from sqlalchemy import Engine
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from casebook.database.transactions import Transactions
from casebook.sessions_api import SessionsApi
from tests.support.casebooks import CaseBook
from tests.unit.backend.api.test_case_socket import drain
from tests.unit.backend.fake_scheduler import FakeScheduler
from tests.unit.backend.following import Following
from tests.unit.backend.support import RunningBackend, session_of, signed_in
from tests.unit.casebook.builders import open_case

VERA = signed_in("vera")
WITHIN_S = 60.0
"""On a machine that is busy; the promise is 5 seconds."""


@pytest.fixture
def replicas(book: CaseBook, scheduler: FakeScheduler, engine: Engine) -> Generator[tuple[RunningBackend, ...]]:
    both = (RunningBackend(book, scheduler), RunningBackend(CaseBook(Transactions(engine)), scheduler))
    for each in both:
        each.start()
    yield both
    for each in both:
        each.stop()


@contextmanager
def watching(backend: RunningBackend, case: str, persona: str = "vera") -> Generator[ClientConnection]:
    url = f"{backend.socket_url}/api/workflow/ws/{case}"
    with connect(url, open_timeout=60, additional_headers=signed_in(persona)) as socket:
        assert '"type":"snapshot"' in str(socket.recv(timeout=60))
        yield socket


def sign_out(backend: RunningBackend) -> None:
    assert httpx.delete(f"{backend.url}/api/session", headers=VERA, timeout=60).status_code == 200


def end_by_admin(backend: RunningBackend) -> None:
    url = f"{backend.url}/api/sessions/{session_of('vera')}"
    assert httpx.delete(url, headers=signed_in("alex"), timeout=60).status_code == 204


def run_out(backend: RunningBackend) -> None:
    """Its time is over: nobody does anything."""
    SessionsApi(backend.wiring.services.record.blocking.transactions).end(session_of("vera"), "expired", "")


@pytest.mark.parametrize("end", [sign_out, end_by_admin, run_out])
def test_streams_and_sockets_end_on_both_replicas(
    replicas: tuple[RunningBackend, RunningBackend], book: CaseBook, end: Callable[[RunningBackend], None]
) -> None:
    case = open_case(book)
    streams = [Following(each, VERA) for each in replicas]
    with ExitStack() as opened:
        sockets = [opened.enter_context(watching(each, case)) for each in replicas]
        other = opened.enter_context(watching(replicas[1], case, "ana"))
        end(replicas[0])
        assert [each.has_ended(WITHIN_S) for each in streams] == [True, True]
        for socket in sockets:
            assert drain(socket)[1] == 4401
            assert socket.close_reason == "the session ended: sign in again"
        with pytest.raises(TimeoutError):
            other.recv(timeout=0.1)


def test_ended_session_opens_nothing_anywhere(replicas: tuple[RunningBackend, RunningBackend], book: CaseBook) -> None:
    case = open_case(book)
    assert httpx.get(f"{replicas[1].url}/api/cases", headers=VERA, timeout=60).status_code == 200
    stream = Following(replicas[1], VERA)
    sign_out(replicas[0])
    # The other replica has heard of it when it ends what it pushes.
    assert stream.has_ended(WITHIN_S)
    for replica in replicas:
        for path in ("/api/events/stream", "/api/cases"):
            again = httpx.get(f"{replica.url}{path}", headers=VERA, timeout=60)
            assert (again.status_code, again.json()["id"]) == (401, "session-ended")
        with pytest.raises(InvalidStatus) as refused:
            connect(f"{replica.socket_url}/api/workflow/ws/{case}", open_timeout=60, additional_headers=VERA)
        assert refused.value.response.status_code == 401
