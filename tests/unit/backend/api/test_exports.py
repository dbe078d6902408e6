"""Many cases as one file: whole, with the case list's filters, and at no cost to others when nobody takes it."""

import csv
import io
import json
import socket
import sqlite3
from collections.abc import AsyncGenerator, Generator
from contextlib import closing
from pathlib import Path

import anyio
import anyio.lowlevel
import httpx
import pytest
from starlette.types import Message

from backend.http.paged_download import PagedDownload
from contracts.case import CaseSummary
from tests.bench.casebook import fill as fill_to
from tests.support.casebooks import CaseBook
from tests.unit.backend.fake_scheduler import FakeScheduler
from tests.unit.backend.support import RunningBackend, case_in_review, signed_in
from tests.unit.casebook.builders import an_alert, open_case

pytestmark = pytest.mark.anyio

EXPORT = "/api/exports/cases"


def rows_of(text: str) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)]


async def test_csv_is_a_download_of_the_listed_cases(client: httpx.AsyncClient, book: CaseBook) -> None:
    cases = [open_case(book, number) for number in (1, 2, 3)]
    answer = await client.get(EXPORT)

    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["content-disposition"].startswith('attachment; filename="cases-2')
    assert answer.headers["content-disposition"].endswith('Z-personal-data.csv"')
    assert answer.headers["x-content-type-options"] == "nosniff"
    rows = rows_of(answer.content.decode("utf-8"))
    assert [row["case_id"] for row in rows] == cases
    assert rows[0]["description"] == an_alert(1).description


async def test_json_lines_are_the_rows_of_the_list(client: httpx.AsyncClient, book: CaseBook) -> None:
    waiting = case_in_review(book, 1).case_id
    open_case(book, 2)
    query = {"state": "awaiting_review", "sort": "due"}
    answer = await client.get(EXPORT, params={**query, "format": "jsonl"})
    listed = (await client.get("/api/cases", params=query)).json()["items"]
    assert answer.headers["content-type"] == "application/jsonl; charset=utf-8"
    assert [json.loads(line) for line in answer.text.splitlines()] == listed
    assert [CaseSummary.model_validate(item).case_id for item in listed] == [waiting]


async def test_formula_in_a_description_is_defused(client: httpx.AsyncClient, book: CaseBook) -> None:
    alert = an_alert().model_copy(update={"description": '=HYPERLINK("http://x","Ä")'})
    book.open_case(alert)
    (row,) = rows_of((await client.get(EXPORT)).content.decode())
    assert row["description"] == '\'=HYPERLINK("http://x","Ä")'


async def test_file_that_was_cut_off_is_continued(client: httpx.AsyncClient, book: CaseBook) -> None:
    cases = [open_case(book, number) for number in (1, 2, 3)]
    whole = (await client.get(EXPORT)).content
    rest = (await client.get(EXPORT, params={"after": cases[1]})).content
    assert whole.endswith(rest)
    assert [row["case_id"] for row in rows_of((whole.removesuffix(rest) + rest).decode())] == cases
    assert rest.count(b"\r\n") == 1
    assert (await client.get(EXPORT, params={"after": "case-nobody"})).status_code == 404


async def test_empty_export_is_a_header(client: httpx.AsyncClient) -> None:
    assert rows_of((await client.get(EXPORT)).text) == []
    assert (await client.get(EXPORT)).text.count("\r\n") == 1
    assert (await client.get(EXPORT, params={"format": "jsonl"})).content == b""


@pytest.mark.parametrize("query", ["format=xlsx", "state=asleep", "colour=red", "after=nobody"])
async def test_export_of_a_wrong_query_is_refused(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"{EXPORT}?{query}")).status_code == 422


async def test_viewers_export_nothing(client: httpx.AsyncClient) -> None:
    answer = await client.get(EXPORT, headers=signed_in("vera"))
    assert (answer.status_code, answer.json()["id"]) == (403, "not-allowed")


@pytest.fixture
def slow_backend(book: CaseBook, scheduler: FakeScheduler) -> Generator[RunningBackend]:
    running = RunningBackend(book, scheduler, send_buffer=4_096)
    running.start()
    yield running
    running.stop()


def test_client_that_takes_nothing_holds_no_transaction(
    slow_backend: RunningBackend, book: CaseBook, tmp_path: Path
) -> None:
    with book.transactions.read() as connection:
        engine = connection.engine
    fill_to(engine, 3_000)
    token = signed_in("ana")
    with socket.create_connection(("127.0.0.1", slow_backend.port)) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        head = f"GET {EXPORT} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {token['Authorization']}\r\n\r\n"
        client.sendall(head.encode())
        assert client.recv(64).startswith(b"HTTP/1.1 200")
        with closing(sqlite3.connect(tmp_path / "casebook.db", timeout=60)) as other:
            # It waits until nobody reads what was there before, and would give up while a transaction stays open.
            busy, *_ = other.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
        assert busy == 0
    with httpx.stream("GET", f"{slow_backend.url}{EXPORT}?format=jsonl", headers=token, timeout=60) as read:
        assert sum(1 for _ in read.iter_lines()) == 3_000


async def one_page() -> AsyncGenerator[bytes]:
    while True:
        yield b"page"


async def test_download_that_nobody_takes_is_ended() -> None:
    sent: list[Message] = []
    ends: list[int] = []

    async def send(message: Message) -> None:
        sent.append(message)
        if len(sent) == 3:
            await anyio.sleep_forever()

    download = PagedDownload(one_page(), "x.csv", "text/csv", ended=lambda: ends.append(len(sent)), stall_s=0.01)
    with anyio.fail_after(60):
        await download({"type": "http", "asgi": {"spec_version": "2.3"}}, anyio.sleep_forever, send)  # pyright: ignore[reportArgumentType] never receives
    assert ends == [3]
    assert all(message.get("more_body", True) for message in sent)


async def test_download_that_is_broken_off_ends_once() -> None:
    ends: list[None] = []
    left = anyio.Event()

    async def send(message: Message) -> None:
        left.set()
        await anyio.lowlevel.checkpoint()

    async def receive() -> Message:
        await left.wait()
        return {"type": "http.disconnect"}

    download = PagedDownload(one_page(), "x.csv", "text/csv", ended=lambda: ends.append(None))
    with anyio.fail_after(60):
        await download({"type": "http", "asgi": {"spec_version": "2.3"}}, receive, send)
    assert ends == [None]
