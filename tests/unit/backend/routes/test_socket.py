"""The socket of one case through a real server."""

import json
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from casebook.repository import CaseBook
from tests.unit.backend.support import RunningBackend, signed_in
from tests.unit.casebook.builders import ask, closing, open_case


def socket_of(backend: RunningBackend, case: str, origin: Origin | None = None) -> ClientConnection:
    url = f"{backend.socket_url}/api/workflow/ws/{case}"
    return connect(url, open_timeout=20, origin=origin, additional_headers=signed_in("vera"))


def receive(socket: ClientConnection) -> dict[str, Any]:
    return json.loads(socket.recv(timeout=20))


def drain(socket: ClientConnection) -> tuple[list[dict[str, Any]], int | None]:
    """Everything up to the close, and the code of the close."""
    messages: list[dict[str, Any]] = []
    while True:
        try:
            messages.append(receive(socket))
        except ConnectionClosed as closed:
            return messages, closed.rcvd.code if closed.rcvd else None


def test_a_snapshot_comes_first_and_then_every_change(backend: RunningBackend, book: CaseBook) -> None:
    case = open_case(book, 1)
    other = open_case(book, 2)
    with socket_of(backend, case) as socket:
        first = receive(socket)
        assert (first["type"], first["case"]["case_id"], first["progress"]["phase"]) == (
            "snapshot",
            case,
            "investigating",
        )
        book.start_round(other, 1)
        book.start_round(case, 1)
        book.start_specialist(case, 1, "usage")
        seen = [first]
        while seen[-1]["progress"]["specialists"].get("usage") != "running":
            seen.append(receive(socket))
    assert [message["type"] for message in seen[1:]] == ["change"] * (len(seen) - 1)
    assert {message["case"]["case_id"] for message in seen} == {case}
    assert [message["seq"] for message in seen] == sorted({message["seq"] for message in seen})


def test_it_closes_after_the_push_that_says_that_the_case_is_closed(backend: RunningBackend, book: CaseBook) -> None:
    case = open_case(book)
    with socket_of(backend, case) as socket:
        receive(socket)
        ask(book, case)
        book.close_case(closing(case, "unresolved"))
        messages, code = drain(socket)
    last = messages[-1]
    assert (last["case"]["state"], last["progress"]["outcome"], code) == ("closed", "unresolved", 1000)


def test_a_closed_case_is_shown_once(backend: RunningBackend, book: CaseBook) -> None:
    case = open_case(book)
    book.close_case(closing(case, "auto_cleared"))
    with socket_of(backend, case) as socket:
        messages, code = drain(socket)
    assert [message["case"]["outcome"] for message in messages] == ["auto_cleared"]
    assert code == 1000


@pytest.mark.parametrize("case", ["case-nobody", "x" * 3_000, "%C3%BC" * 200])
def test_an_unknown_case_closes_with_4404(backend: RunningBackend, case: str) -> None:
    with socket_of(backend, case) as socket:
        assert drain(socket) == ([], 4404)


def test_a_page_of_another_site_cannot_listen(backend: RunningBackend, book: CaseBook) -> None:
    case = open_case(book)
    with pytest.raises(InvalidStatus) as refused:
        socket_of(backend, case, origin=Origin("http://evil.example"))
    assert refused.value.response.status_code == 403


def test_a_server_that_stops_says_so(backend: RunningBackend, book: CaseBook) -> None:
    case = open_case(book)
    with socket_of(backend, case) as socket:
        receive(socket)
        backend.stop()
        assert drain(socket) == ([], 1012)
