"""No page in a browser reaches a stand-in, by whatever name it calls it."""

import socket
from collections.abc import Generator, Sequence

import httpx
import pytest

from local.model.server import build_server
from local.serving import StandInServer
from local.telemetry.app import build_app
from local.telemetry.log import EventLog
from tests.unit.local.processes import run
from tests.unit.local.serving import running

WRONG_NAME = "This server answers only to the names 127.0.0.1, localhost and [::1].\n"
FOREIGN = "This request comes from a page of another site.\n"
NO_JSON = "This server takes JSON only: send Content-Type: application/json.\n"


@pytest.fixture(scope="module")
def model() -> Generator[httpx.URL]:
    with running(build_server()) as url:
        yield httpx.URL(url)


@pytest.fixture(scope="module")
def telemetry() -> Generator[httpx.URL]:
    with running(StandInServer(build_app(EventLog()))) as url:
        yield httpx.URL(url)


@pytest.fixture(params=["model", "telemetry"])
def stand_in(request: pytest.FixtureRequest) -> httpx.URL:
    return request.getfixturevalue(request.param)


def answer(url: httpx.URL, *fields: str, line: str = "GET /healthz", body: str = "") -> tuple[int, str]:
    """Status and text for exactly these header fields; `PORT` stands for the port."""
    assert url.port is not None
    head = [f"{line} HTTP/1.1", *fields, f"Content-Length: {len(body)}", "Connection: close", "", body]
    with socket.create_connection((url.host, url.port), timeout=60) as connection:
        connection.sendall("\r\n".join(head).replace("PORT", str(url.port)).encode())
        answered = b"".join(iter(lambda: connection.recv(65_536), b"")).decode()
    head_lines, _, text = answered.partition("\r\n\r\n")
    return int(head_lines.split(" ", 2)[1]), text


@pytest.mark.parametrize(
    "fields",
    [
        ("Host: evil.example:PORT",),
        ("Host: evil.example",),
        ("Host: 127.0.0.1.evil.example",),
        ("Host: localhost@evil.example",),
        ("Host: 127.0.0.1:PORT", "Host: evil.example"),
        ("Host:",),
        ("Host: 192.0.2.1:PORT",),
    ],
)
@pytest.mark.parametrize("line", ["GET /healthz", "GET /events", "GET /control", "PUT /control", "GET /none"])
def test_only_names_of_this_machine_are_answered(stand_in: httpx.URL, line: str, fields: Sequence[str]) -> None:
    assert answer(stand_in, *fields, line=line) == (403, WRONG_NAME)


@pytest.mark.parametrize("host", ["127.0.0.1:PORT", "localhost:PORT", "LOCALHOST", "[::1]:PORT"])
def test_the_names_of_this_machine_are_answered(stand_in: httpx.URL, host: str) -> None:
    assert answer(stand_in, f"Host: {host}")[0] == 200


@pytest.mark.parametrize(
    "fields",
    [
        ("Origin: http://evil.example:PORT",),
        ("Origin: http://127.0.0.1:1",),
        ("Origin: http://localhost:PORT",),
        ("Origin: https://127.0.0.1:PORT",),
        ("Origin: null",),
        ("Origin: http://127.0.0.1:PORT", "Origin: http://evil.example"),
        ("Sec-Fetch-Site: cross-site",),
        ("Sec-Fetch-Site: same-site",),
    ],
)
@pytest.mark.parametrize("line", ["GET /healthz", "OPTIONS /control", "PUT /control", "POST /v1/chat/completions"])
def test_pages_of_others_are_refused(stand_in: httpx.URL, line: str, fields: Sequence[str]) -> None:
    assert answer(stand_in, "Host: 127.0.0.1:PORT", *fields, line=line) == (403, FOREIGN)


@pytest.mark.parametrize(
    "field",
    ["Origin: http://127.0.0.1:PORT", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: none"],
)
def test_own_pages_and_addresses_typed_in_are_answered(stand_in: httpx.URL, field: str) -> None:
    assert answer(stand_in, "Host: 127.0.0.1:PORT", field)[0] == 200


@pytest.mark.parametrize(
    "fields",
    [
        (),
        ("Content-Type: text/plain",),
        ("Content-Type: application/x-www-form-urlencoded",),
        ("Content-Type: multipart/form-data; boundary=application/json",),
        ("Content-Type: text/plain; application/json",),
        ("Content-Type: application/json", "Content-Type: text/plain"),
    ],
)
@pytest.mark.parametrize("line", ["PUT /control", "POST /v1/chat/completions", "POST /v1/responses"])
def test_no_form_reaches_the_model(model: httpx.URL, line: str, fields: Sequence[str]) -> None:
    assert answer(model, "Host: 127.0.0.1:PORT", *fields, line=line, body='{"text": "x"}') == (415, NO_JSON)
    assert httpx.get(model.join("/control"), timeout=60).json()["text"] is None


def test_json_with_a_charset_is_json(model: httpx.URL) -> None:
    fields = ("Host: localhost:PORT", "Content-Type: Application/JSON; charset=utf-8")
    assert answer(model, *fields, line="PUT /control", body="{}")[0] == 200


@pytest.mark.integration
@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "stand-in.example", "127.0.0.2"])
@pytest.mark.parametrize(
    ("module", "instead"),
    [
        ("local.model", "a model of OpenAI (OPENAI_API_KEY) or Azure (AZURE_OPENAI_ENDPOINT)"),
        ("local.telemetry", "--to eventhubs, which sends to an event hub"),
    ],
)
def test_stand_ins_listen_on_loopback_only(module: str, instead: str, host: str) -> None:
    options = ("--profiles", "unread.jsonl") if module == "local.telemetry" else ()
    result = run(module, "--port", "0", "--host", host, *options)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        f"--host {host} is not 127.0.0.1, ::1 or localhost, and this stand-in lets in whoever reaches it: "
        "listen on 127.0.0.1, "
        f"or use {instead}.\n"
    )
