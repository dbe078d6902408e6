"""Tasks over HTTP: bad ones are refused with one sentence, and nobody overwrites what they have not seen."""

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from backend.live.broadcast import Broadcast
from backend.services.errors import CustomerStoreUnavailable
from backend.wiring import Wiring, wire
from tests.support.casebooks import CaseBook
from tests.unit.backend.api.test_previews import FakeReader
from tests.unit.backend.fake_scheduler import FakeScheduler
from tests.unit.backend.support import CONFIG, SIGN_IN, answering, signed_in
from tests.unit.casebook.builders import open_case

pytestmark = pytest.mark.anyio

CALL = {"title": "Call the bank"}
DUE = {"local": "2030-03-31T09:00", "zone": "Europe/Berlin"}
VERA = signed_in("vera")


@dataclass
class FakeCustomers(FakeReader):
    """Customers as the test says."""

    known: set[int] = field(default_factory=lambda: {7})
    answers: bool = True

    async def has_customer(self, customer_id: int) -> bool:
        if not self.answers:
            raise CustomerStoreUnavailable(customer_id, "it could not be reached")
        return customer_id in self.known


@pytest.fixture
def customers() -> FakeCustomers:
    return FakeCustomers()


@pytest.fixture
def wiring(book: CaseBook, scheduler: FakeScheduler, customers: FakeCustomers) -> Wiring:
    return wire(book, scheduler, SIGN_IN, Broadcast(), CONFIG, customer_store=customers)


@pytest.fixture
async def desk(wiring: Wiring) -> AsyncGenerator[httpx.AsyncClient]:
    async with answering(wiring) as opened:
        yield opened


async def make(desk: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    made = await desk.post("/api/tasks", json={**CALL, **changes})
    assert made.status_code == 201, made.text
    return made.json()


def seen(revision: int) -> dict[str, str]:
    return {"If-Match": f'"{revision}"'}


async def test_task_is_made_shown_changed_and_ended(desk: httpx.AsyncClient) -> None:
    made = await desk.post("/api/tasks", json={**CALL, "due": DUE, "customer_id": 7})
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    task = made.json()
    path = f"/api/tasks/{task['task_id']}"
    assert task["due"] == {**DUE, "at": "2030-03-31T07:00:00Z"}
    assert (task["assignee"], task["created_by"], task["state"], task["is_overdue"]) == ("ana", "ana", "open", False)
    shown = await desk.get(path)
    assert (shown.json(), shown.headers["etag"]) == (task, '"1"')
    changed = await desk.patch(path, json={"notes": "By phone.", "due": None}, headers=seen(1))
    assert (changed.json()["notes"], changed.json()["due"], changed.headers["etag"]) == ("By phone.", None, '"2"')
    done = await desk.post(f"{path}/complete", headers=seen(2))
    assert (done.json()["state"], done.headers["etag"]) == ("completed", '"3"')
    reopened = await desk.post(f"{path}/reopen", headers=seen(3))
    assert (reopened.json()["state"], reopened.headers["etag"]) == ("open", '"4"')
    deleted = await desk.delete(path, headers=seen(4))
    assert (deleted.status_code, deleted.content) == (204, b"")
    gone = await desk.get(path)
    assert (gone.status_code, gone.json()["detail"]) == (404, f"There is no task '{task['task_id']}'.")


@pytest.mark.parametrize("move", ["PATCH ", "POST /complete", "POST /reopen", "DELETE "])
async def test_change_must_say_what_it_has_seen(desk: httpx.AsyncClient, move: str) -> None:
    path = f"/api/tasks/{(await make(desk))['task_id']}"
    await desk.patch(path, json={"title": "Another"}, headers=seen(1))
    method, _, tail = move.partition(" ")
    without = await desk.request(method, path + tail, json={})
    assert (without.status_code, without.json()["id"]) == (428, "if-match-missing")
    assert without.json()["detail"] == (
        "Send the header If-Match with the ETag that you read it with, so that nobody's change is lost."
    )
    for tag in ('"1"', 'W/"2"', "2", '"nonsense"', '"0"', ""):
        stale = await desk.request(method, path + tail, json={}, headers={"If-Match": tag})
        assert (stale.status_code, stale.json()["id"]) == (412, "task-changed"), tag
    assert (await desk.get(path)).json()["revision"] == 2


async def test_any_revision_and_one_of_several_are_seen(desk: httpx.AsyncClient) -> None:
    path = f"/api/tasks/{(await make(desk))['task_id']}"
    assert (await desk.patch(path, json={"title": "B"}, headers={"If-Match": "*"})).json()["revision"] == 2
    assert (await desk.patch(path, json={"title": "C"}, headers={"If-Match": '"1", "2"'})).json()["revision"] == 3


async def test_move_that_the_state_forbids_is_refused(desk: httpx.AsyncClient) -> None:
    path = f"/api/tasks/{(await make(desk))['task_id']}"
    await desk.post(f"{path}/complete", headers=seen(1))
    changed = await desk.patch(path, json={"title": "B"}, headers=seen(2))
    again = await desk.post(f"{path}/complete", headers=seen(2))
    assert [each.status_code for each in (changed, again)] == [409, 409]
    assert changed.json()["detail"].endswith("is completed and cannot be changed: reopen it first.")


async def test_same_key_makes_one_task(desk: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "k"}
    first = await desk.post("/api/tasks", json=CALL, headers=key)
    again = await desk.post("/api/tasks", json=CALL, headers=key)
    other = await desk.post("/api/tasks", json={"title": "B"}, headers=key)
    assert (first.status_code, again.status_code, first.json()) == (201, 200, again.json())
    assert (other.status_code, other.json()["id"]) == (409, "task-key-reused")
    assert len((await desk.get("/api/tasks")).json()["items"]) == 1


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no title": ({"title": None}, "title: input should be a valid string."),
    "empty title": ({"title": ""}, "title: string should have at least 1 character."),
    "blank title": ({"title": " \u200b "}, "title: write something that can be read."),
    "long title": ({"title": "a" * 201}, "title: string should have at most 200 characters."),
    "blank notes": ({"notes": "\u2800"}, "notes: write something that can be read."),
    "NUL": ({"title": "a\0b"}, "title: a text contains the character NUL (U+0000), which cannot be stored."),
    "no zone": ({"due": {"local": "2030-01-01T09:00"}}, "due.zone: field required."),
    "an offset": (
        {"due": {"local": "2030-01-01T09:00Z", "zone": "UTC"}},
        "'2030-01-01T09:00Z' is no local time: write one like 2027-03-28T09:00, without an offset, and its zone "
        "beside it.",
    ),
    "unknown zone": (
        {"due": {"local": "2030-01-01T09:00", "zone": "Europe/Atlantis"}},
        "'Europe/Atlantis' is no time zone: write an IANA name such as Europe/Berlin, with its capitals.",
    ),
    "past": (
        {"due": {"local": "2020-01-01T09:00", "zone": "UTC"}},
        "2020-01-01T09:00 in UTC has passed: a task is due at a time to come.",
    ),
    "9999": (
        {"due": {"local": "9999-12-31T23:59", "zone": "America/New_York"}},
        "9999-12-31T23:59 in America/New_York is too far away: a task is due within 10 years.",
    ),
    "unknown case": ({"case_id": "case-none"}, "There is no case 'case-none' that a task could be about."),
    "unknown customer": ({"customer_id": 8}, "There is no customer 8 in the customer store: check the number."),
    "customer and case": (
        {"customer_id": 7, "case_id": "case-none"},
        "A task is about a case or about a customer: leave one of both out.",
    ),
    "unknown field": ({"state": "completed"}, "state: there is no such field."),
}


@pytest.mark.parametrize("bad", BAD)
async def test_bad_task_is_refused_in_one_sentence(desk: httpx.AsyncClient, bad: str) -> None:
    changes, sentence = BAD[bad]
    refused = await desk.post("/api/tasks", json={**CALL, **changes})
    assert (refused.status_code, refused.json()["detail"]) == (422, sentence)
    assert (await desk.get("/api/tasks?state=any")).json()["items"] == []
    path = f"/api/tasks/{(await make(desk))['task_id']}"
    if bad != "no title":
        changed = await desk.patch(path, json=changes, headers=seen(1))
        assert (changed.status_code, changed.json()["detail"]) == (422, sentence)
    assert (await desk.get(path)).json()["revision"] == 1


async def test_unreadable_or_too_large_body_is_refused(desk: httpx.AsyncClient) -> None:
    headers = {"content-type": "application/json"}
    surrogate = await desk.post("/api/tasks", content=b'{"title": "\\ud800"}', headers=headers)
    large = await desk.post("/api/tasks", content=json.dumps({"title": "a" * 1_100_000}), headers=headers)
    form = await desk.post("/api/tasks", data={"title": "B"})
    assert [surrogate.status_code, large.status_code, form.status_code] == [422, 413, 415]
    assert (await desk.get("/api/tasks")).json()["items"] == []


async def test_customer_store_that_is_away_links_nothing(desk: httpx.AsyncClient, customers: FakeCustomers) -> None:
    customers.answers = False
    refused = await desk.post("/api/tasks", json={**CALL, "customer_id": 7})
    assert (refused.status_code, refused.json()["id"]) == (503, "customer-store-unavailable")
    assert (await make(desk))["customer_id"] is None


async def test_lists_are_filtered_and_paged(desk: httpx.AsyncClient, book: CaseBook) -> None:
    case = open_case(book, 1)
    await make(desk, title="A", case_id=case)
    await make(desk, title="B", assignee="ben", due=DUE)
    await make(desk, title="C", customer_id=7)

    async def titles(query: str) -> list[str]:
        return [each["title"] for each in (await desk.get(f"/api/tasks?{query}")).json()["items"]]

    assert await titles("") == ["B", "A", "C"]
    assert await titles("assignee=me") == ["A", "C"]
    assert await titles(f"case_id={case}") == ["A"]
    assert await titles("customer_id=7") == ["C"]
    assert await titles("due_before=2031-01-01T00:00:00Z") == ["B"]
    assert await titles("overdue=true") == []
    first = (await desk.get("/api/tasks?limit=2")).json()
    rest = (await desk.get(f"/api/tasks?limit=2&cursor={first['next_cursor']}")).json()
    assert ([each["title"] for each in rest["items"]], rest["next_cursor"]) == (["C"], None)
    bad = await desk.get("/api/tasks?state=deleted")
    assert (bad.status_code, (await desk.get("/api/tasks?cursor=x")).json()["id"]) == (422, "malformed-cursor")


async def test_viewers_read_and_change_nothing(desk: httpx.AsyncClient) -> None:
    path = f"/api/tasks/{(await make(desk))['task_id']}"
    assert (await desk.get(path, headers=VERA)).status_code == 200
    for method, tail in (("PATCH", ""), ("POST", "/complete"), ("DELETE", "")):
        refused = await desk.request(method, path + tail, json={}, headers={**VERA, **seen(1)})
        assert refused.status_code == 403
