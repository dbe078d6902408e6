import threading
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from socket import socket

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from backend.http.site import Site
from backend.http.startup_server import StartupServer
from backend.main import is_transient
from casebook.errors import CasebookNewer, CasebookUnavailable
from runtime.listening import listen

ALLOWED = "http://desk.example"
AWAY = CasebookUnavailable("The casebook 'cases' cannot be reached (connection refused).")


@pytest.fixture
def listener() -> Generator[socket]:
    with listen("127.0.0.1", 0, instead="") as opened:
        yield opened


class DatabaseServer:
    """Answers with `fault` until there is none."""

    def __init__(self) -> None:
        self.fault: CasebookUnavailable | None = AWAY
        self.asked = threading.Event()

    def upgrade(self) -> None:
        self.asked.set()
        if self.fault is not None:
            raise self.fault


@pytest.fixture
def server() -> DatabaseServer:
    return DatabaseServer()


@pytest.fixture
def waiting(server: DatabaseServer, listener: socket) -> Generator[Future[bool]]:
    wait = StartupServer(server.upgrade, AWAY, is_transient, Site(allowed_origins=frozenset({ALLOWED})), pause_s=0.01)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(wait.run, listener)
        assert server.asked.wait(60)
        yield running
        server.fault = None


def test_while_it_waits_it_lives_and_says_what_for(waiting: Future[bool], listener: socket) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=60) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        ready = client.get("/ready")
        assert (ready.status_code, ready.json()["status"]) == (503, "not_ready")
        assert ready.json()["parts"]["casebook"] == AWAY.sentence
        assert int(ready.headers["retry-after"]) >= 1
        refused = client.get("/api/cases")
        assert (refused.status_code, refused.json()["id"]) == (503, "casebook-unavailable")
        assert refused.json()["detail"] == AWAY.sentence
        assert client.get("/", headers={"host": "evil.example"}).status_code == 403
    assert not waiting.done()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"])
@pytest.mark.parametrize("path", ["/api/workflow/decision", "/healthz/more", "/api/cases/case-1/claim", "/"])
def test_every_method_is_answered_with_retry_after(
    waiting: Future[bool], listener: socket, method: str, path: str
) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=60) as client:
        refused = client.request(method, path, headers={"origin": ALLOWED})
    assert (refused.status_code, refused.headers["content-type"]) == (503, "application/problem+json")
    assert int(refused.headers["retry-after"]) >= 1
    assert method == "HEAD" or refused.json()["detail"] == AWAY.sentence


@pytest.mark.parametrize("path", ["/healthz", "/ready"])
def test_change_of_a_health_route_is_refused_too(waiting: Future[bool], listener: socket, path: str) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=60) as client:
        assert client.post(path).status_code == 503


def test_socket_is_refused_with_the_reason(waiting: Future[bool], listener: socket) -> None:
    url = f"ws://127.0.0.1:{listener.getsockname()[1]}/api/workflow/ws/case-1"
    with pytest.raises(InvalidStatus) as refusal:
        connect(url, open_timeout=60, proxy=None)
    assert refusal.value.response.status_code == 503
    assert AWAY.sentence in (refusal.value.response.body or b"").decode()


def test_start_up_continues_on_the_same_port(waiting: Future[bool], server: DatabaseServer, listener: socket) -> None:
    server.fault = None
    assert waiting.result(60)
    assert listener.fileno() != -1


def test_what_waiting_cannot_mend_ends_it(waiting: Future[bool], server: DatabaseServer) -> None:
    server.fault = CasebookNewer("cases", "9999")
    with pytest.raises(CasebookNewer):
        waiting.result(60)
