"""Notes, history and audit of one case come in pages, and a case takes only so many notes."""

from typing import Any

import httpx
import pytest

from backend.wiring import Wiring
from tests.support.casebooks import CaseBook
from tests.unit.backend.support import case_in_review, signed_in
from tests.unit.casebook.builders import open_case

pytestmark = pytest.mark.anyio

ANA = signed_in("ana")
LISTS = {"notes": "items", "history": "items", "audit": "events"}


async def note(client: httpx.AsyncClient, case: str, *texts: str) -> None:
    for text in texts:
        added = await client.post(f"/api/cases/{case}/notes", json={"text": text}, headers=ANA)
        assert added.status_code == 201, added.text


async def page(client: httpx.AsyncClient, case: str, listed: str, **asked: Any) -> dict[str, Any]:
    answer = await client.get(f"/api/cases/{case}/{listed}", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def keys(items: list[dict[str, Any]]) -> list[Any]:
    return [item.get("note_id") or item["seq"] for item in items]


async def walk(client: httpx.AsyncClient, case: str, listed: str, limit: int, **asked: Any) -> list[Any]:
    """The keys of all pages put together, oldest first."""
    found: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await page(client, case, listed, limit=limit, **asked, **cursor)
        items = answer[LISTS[listed]]
        assert len(items) <= limit
        found = [*keys(items), *found]
        if answer["next_cursor"] is None:
            return found
        cursor = {"cursor": answer["next_cursor"]}


@pytest.mark.parametrize("listed", LISTS)
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 500])
async def test_pages_put_together_are_the_whole_list(
    client: httpx.AsyncClient, book: CaseBook, listed: str, limit: int
) -> None:
    case, other = open_case(book, 1), open_case(book, 2)
    for number in range(6):
        await note(client, case, f"Note {number}.")
        await note(client, other, f"Of another case: {number}.")
    events = book.case_events(case)
    noted = [event.data["note_id"] for event in events if event.type == "note_added"]
    expected = noted if listed == "notes" else [event.seq for event in events]
    assert await walk(client, case, listed, limit) == expected


@pytest.mark.parametrize("listed", LISTS)
async def test_the_newest_page_comes_first_and_is_short(client: httpx.AsyncClient, book: CaseBook, listed: str) -> None:
    case = open_case(book)
    await note(client, case, *(f"Note {number}." for number in range(60)))
    answer = await page(client, case, listed)
    last = book.case_events(case)[-1]
    newest = answer[LISTS[listed]][-1]
    assert len(answer[LISTS[listed]]) == 50
    assert keys([newest]) == [last.data["note_id"] if listed == "notes" else last.seq]
    if listed != "audit":
        assert answer["total"] == (60 if listed == "notes" else 61)


@pytest.mark.parametrize("listed", LISTS)
async def test_notes_added_between_pages_lose_and_double_nothing(
    client: httpx.AsyncClient, book: CaseBook, listed: str
) -> None:
    case = open_case(book)
    await note(client, case, *(f"Note {number}." for number in range(9)))
    expected = await walk(client, case, listed, 500)
    newest = await page(client, case, listed, limit=4)
    found, cursor = keys(newest[LISTS[listed]]), newest["next_cursor"]
    while cursor is not None:
        await note(client, case, "Meanwhile.")
        earlier = await page(client, case, listed, limit=4, cursor=cursor)
        found, cursor = [*keys(earlier[LISTS[listed]]), *found], earlier["next_cursor"]
    assert found == expected
    assert (await walk(client, case, listed, 4))[: len(expected)] == expected


@pytest.mark.parametrize("listed", LISTS)
async def test_a_cursor_continues_only_its_own_list(client: httpx.AsyncClient, book: CaseBook, listed: str) -> None:
    case, other = open_case(book, 1), open_case(book, 2)
    await note(client, case, "One.", "Two.")
    cursor = (await page(client, case, listed, limit=1))["next_cursor"]
    others = [f"{case}/{name}" for name in LISTS if name != listed]
    for path in (f"{other}/{listed}", *others):
        answer = await client.get(f"/api/cases/{path}", params={"cursor": cursor})
        assert (answer.status_code, answer.json()["id"]) == (422, "malformed-cursor")
    for wrong in ("", "x", cursor[:-1], cursor + "A", "é"):
        answer = await client.get(f"/api/cases/{case}/{listed}", params={"cursor": wrong})
        assert (answer.status_code, answer.json()["id"]) == (422, "malformed-cursor")


@pytest.mark.parametrize("listed", LISTS)
@pytest.mark.parametrize("limit", [0, -1, 501, "many"])
async def test_a_page_has_one_to_five_hundred_rows(
    client: httpx.AsyncClient, book: CaseBook, listed: str, limit: object
) -> None:
    case = open_case(book)
    answer = await client.get(f"/api/cases/{case}/{listed}", params={"limit": str(limit)})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "query.limit")


async def test_history_can_be_asked_for_some_types(client: httpx.AsyncClient, book: CaseBook) -> None:
    case = case_in_review(book).case_id
    await note(client, case, "One.", "Two.", "Three.")
    asked = {"type": ["case_opened", "note_added"]}
    wanted = [event.seq for event in book.case_events(case) if event.type in asked["type"]]
    assert await walk(client, case, "history", 2, **asked) == wanted
    assert (await page(client, case, "history", **asked))["total"] == len(wanted) == 4
    refused = await client.get(f"/api/cases/{case}/history", params={"type": "lunch"})
    assert refused.status_code == 422


async def test_every_page_carries_the_whole_logs_verdict(client: httpx.AsyncClient, book: CaseBook) -> None:
    case = open_case(book)
    await note(client, case, "One.", "Two.", "Three.")
    first = await page(client, case, "audit", limit=1)
    earlier = await page(client, case, "audit", limit=1, cursor=first["next_cursor"])
    head = book.case_events(case)[-1].hash
    assert (first["intact"], first["head"]) == (earlier["intact"], earlier["head"]) == (True, head)


async def test_a_case_takes_so_many_notes_and_no_more(
    client: httpx.AsyncClient, wiring: Wiring, book: CaseBook
) -> None:
    case, other = open_case(book, 1), open_case(book, 2)
    wiring.services.workspace.blocking.notes_per_case = 3
    await note(client, case, "One.", "Two.", "Three.")
    before = book.case_events(case)
    refused = await client.post(f"/api/cases/{case}/notes", json={"text": "Four."}, headers=ANA)
    assert (refused.status_code, refused.json()["id"]) == (409, "too-many-notes")
    assert refused.json()["detail"] == "This case takes no more notes: one case may have at most 3."
    assert book.case_events(case) == before
    await note(client, other, "Another case is not full.")
