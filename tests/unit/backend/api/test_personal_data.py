"""Personal data is masked in whatever the desk shows, and revealed to whoever may ask for it, on record."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine
from websockets.sync.client import connect

from backend.auth.access import ROUTES
from backend.auth.personal_data import REVEALING, UNMASKED
from backend.auth.personas import PERSONAS
from backend.wiring import Wiring
from casebook.access_api import AccessApi
from casebook.commands.tasks import Origin
from casebook.database.transactions import Transactions
from casebook.errors import CasebookFull
from casebook.security_log_api import SecurityLogApi
from casebook.tasks_api import TasksApi
from contracts.security import SecurityEvent
from contracts.tasks import NewTask
from tests.support.casebooks import CaseBook
from tests.unit.backend.api.planted import EMAIL, IPV4, MASKED, NAME, PHONE, PLANTED, TEXT, Planted, plant
from tests.unit.backend.api.planted import events as planted_events
from tests.unit.backend.api.test_events import watching
from tests.unit.backend.api.test_roles import ASKED_BADLY, routes
from tests.unit.backend.support import SERVICES, RunningBackend, answering, signed_in
from tests.unit.casebook.builders import NOON

pytestmark = pytest.mark.anyio

EVERYBODY = (*PERSONAS, *SERVICES)
SHOWN = {"personal_data": "shown"}


@pytest.fixture
def book(engine: Engine) -> CaseBook:
    """Its clock stands still: all that is revealed is revealed within one window."""
    return CaseBook(Transactions(engine, lambda: NOON))


@pytest.fixture
def planted(book: CaseBook) -> Planted:
    return plant(book)


def path_of(route: str, planted: Planted) -> str:
    ids = {**asdict(planted), "instance_id": planted.case_id}
    path = re.sub(r"\{(\w+)(?::path)?\}", lambda named: str(ids.get(named[1], "1")), route.partition(" ")[2])
    return path + ASKED_BADLY.get(route, "")


def found_in(text: str) -> list[str]:
    """The planted values that are in there; those of JSON in JSON as well."""
    return [value for value in PLANTED if value in text]


def revealed(book: CaseBook) -> list[tuple[str, str | None, str | None]]:
    items = AccessApi(book.transactions).list(limit=500).items
    return [(each.subject, each.case_id, each.target) for each in items if each.kind == "revealed"]


def security_lines(book: CaseBook) -> list[SecurityEvent]:
    return [*SecurityLogApi(book.transactions).list(kind="revealed", limit=500).items]


def test_every_exception_is_a_route_of_the_table() -> None:
    assert UNMASKED.keys() | REVEALING <= ROUTES.keys()
    assert not UNMASKED.keys() & REVEALING


@pytest.mark.parametrize("route", [each for each in routes() if each not in UNMASKED])
async def test_no_route_shows_a_planted_value(wiring: Wiring, planted: Planted, route: str) -> None:
    method, path = route.partition(" ")[0], path_of(route, planted)
    async with answering(wiring, persona=None) as client:
        for who in EVERYBODY:
            for body in ({}, {"text": TEXT}) if method != "GET" else (None,):
                answer = await client.request(method, path, json=body, headers=signed_in(who.subject))
                assert found_in(answer.text) == [], (who.subject, answer.text)


async def test_masks_keep_what_a_decision_needs(wiring: Wiring, planted: Planted) -> None:
    async with answering(wiring) as client:
        case = (await client.get(f"/api/cases/{planted.case_id}")).json()
        evidence = (await client.get(f"/api/cases/{planted.case_id}/evidence/{planted.evidence_id}")).json()["result"]
        reply = (await client.get(f"/api/cases/{planted.reply_case_id}")).json()
        listed = (await client.get("/api/cases", params={"q": EMAIL})).json()["items"]
    (row,) = (each for each in listed if each["case_id"] == planted.case_id)
    statement = case["reports"][0]["findings"][0]["statement"]
    # The same in a finding, an alert, a list and a reply: equal values look equal.
    assert {statement, case["alert"]["description"], row["description"], reply["subject"]["message"]} == {
        "M. K. (m…@mail.example.com, …55) paid with …1111 or NO…47 from 203.0.113.… and 2001:db8:abcd:…. K., M.: asked."
    }
    event = case["alert"]["trigger_events"][0]
    assert (event["customer_id"], event["attributes"]["city"], event["attributes"]["ip"]) == (1, "Oslo", MASKED[2])
    assert event["attributes"]["billing_address"] == {"street": "…", "city": "Oslo"}
    assert (evidence["name"], evidence["email"], evidence["home_city"]) == (*MASKED[:2], "Oslo")
    assert evidence["usual_devices"] == [{"device_id": "dev-1", "name": "Pixel 9"}]
    assert evidence["entries"][0] == {"ip": MASKED[2], "city": "Oslo", "device_id": "dev-1"}


async def test_what_a_person_writes_comes_back_masked(wiring: Wiring, planted: Planted) -> None:
    async with answering(wiring) as client:
        note = await client.post(f"/api/cases/{planted.case_id}/notes", json={"text": TEXT})
        wrong = await client.post(f"/api/cases/{planted.case_id}/notes", json={"text": 1, EMAIL: IPV4})
        await client.post(f"/api/cases/{planted.case_id}/claim")
        status = await client.get(f"/api/workflow/status/{planted.case_id}")
    assert (note.status_code, wrong.status_code, status.status_code) == (201, 422, 200)
    assert found_in(note.text + wrong.text + status.text) == []


def test_feeds_and_sockets_are_masked(backend: RunningBackend, book: CaseBook) -> None:
    planted = plant(book)
    # A stream that goes on, and one that hears of it at once.
    with watching(backend, last_event_id=0) as events:
        book.add_note(planted.case_id, "ana", TEXT)
        backend.observe(*planted_events())
        seen = list(_until(events, book.last_seq()))
    assert {each.event for each in seen} >= {"alert", "case", "telemetry"}
    assert found_in(json.dumps([each.data for each in seen], ensure_ascii=False)) == []
    sample = next(each for each in seen if each.event == "telemetry").data["sample"]
    assert isinstance(sample, list)
    assert MASKED[2] in json.dumps(sample, ensure_ascii=False)
    url = f"{backend.socket_url}/api/workflow/ws/{planted.case_id}"
    with connect(url, open_timeout=60, additional_headers=signed_in("vera")) as socket:
        message = socket.recv(timeout=60)
    assert isinstance(message, str)
    assert found_in(message) == []
    assert MASKED[0] in message


def _until(events: Iterator[Any], seq: int) -> Iterator[Any]:
    """What comes up to this event, and a batch of telemetry."""
    missing = {"telemetry", "case"}
    for each in events:
        yield each
        if each.event == "telemetry" or (each.event == "case" and each.id == seq):
            missing.discard(each.event)
        if not missing:
            return


@pytest.mark.parametrize("route", sorted(REVEALING))
async def test_reveal_is_on_record_before_it_is_shown(
    wiring: Wiring, book: CaseBook, planted: Planted, route: str
) -> None:
    path = path_of(route, planted)
    async with answering(wiring, persona=None) as client:
        for who in ("ana", "ana", "maria", "alex"):
            answer = await client.get(path, params=SHOWN, headers=signed_in(who))
            assert answer.status_code == 200, answer.text
            assert found_in(answer.text) != [], answer.text
            # Written, and not only about to be.
            assert revealed(book)[-1][0] == who
        refused = [await client.get(path, params=SHOWN, headers=signed_in(who)) for who in ("vera", "svc-cases-read")]
        masked = await client.get(path, headers=signed_in("ana"))
    assert [each.status_code for each in refused] == [403, 403]
    assert found_in(masked.text) == []
    assert [subject for subject, _, _ in revealed(book)] == ["ana", "maria", "alex"]
    case = planted.case_id if "{case_id}" in route else None
    named = re.findall(r"\{(\w+)\}", route.replace("{case_id}", ""))
    target = getattr(planted, named[0]) if named else None
    assert {(each, what) for _, each, what in revealed(book)} == {(case, target)}
    lines = security_lines(book)
    assert [(each.subject, each.outcome) for each in lines] == [("ana", "done"), ("maria", "done"), ("alex", "done")]
    assert {each.target for each in lines} == {"/".join(filter(None, (case, target)))}


async def test_nothing_is_revealed_that_cannot_be_recorded(wiring: Wiring, planted: Planted) -> None:
    path = f"/api/cases/{planted.case_id}/evidence/{planted.evidence_id}"
    async with answering(wiring) as client:
        for log, name in ((wiring.services.security_log, "note"), (wiring.services.access_record, "record")):
            working = getattr(log, name)
            setattr(log, name, _full)
            answer = await client.get(path, params=SHOWN)
            setattr(log, name, working)
            assert (answer.status_code, found_in(answer.text)) == (503, [])
        assert found_in((await client.get(path, params=SHOWN)).text) != []


async def _full(*_: object) -> int:
    raise CasebookFull("/srv/casebook.db", "database or disk is full")


async def test_settings_are_whole_for_who_sets_them(wiring: Wiring) -> None:
    new, path = {"kind": "address", "value": IPV4, "reason": f"{EMAIL} moved."}, "/api/detection/suppressions"
    async with answering(wiring, persona=None) as client:
        made = await client.post(path, json=new, headers=signed_in("maria"))
        assert made.is_success, made.text
        shown = [(await client.get(path, headers=signed_in(who))).text for who in ("maria", "vera")]
    assert [bool(found_in(text)) for text in shown] == [True, False]


@pytest.mark.parametrize("path", ["/api/alerts", "/api/cases", "/api/conversations", "/api/tasks"])
async def test_lists_never_reveal(wiring: Wiring, book: CaseBook, planted: Planted, path: str) -> None:
    async with answering(wiring, persona="alex") as client:
        answer = await client.get(path, params=SHOWN)
    assert found_in(answer.text) == []
    assert revealed(book) == []


async def test_long_lists_show_each_item_as_alone(wiring: Wiring, planted: Planted) -> None:
    tasks = TasksApi(wiring.services.record.blocking.transactions)
    for customer in range(1, 31):
        new = NewTask(title=f"Call {NAME}", notes=None, case_id=None, customer_id=customer)
        tasks.create_task(new, Origin(f"task-{customer:032x}", "ana"))
    async with answering(wiring) as client:
        listed = (await client.get("/api/tasks", params={"limit": 500})).json()["items"]
        alone = [(await client.get(f"/api/tasks/{task['task_id']}")).json()["title"] for task in listed]
    assert [task["title"] for task in listed] == alone
    # Another customer may have the same name.
    shown = {task["customer_id"]: task["title"] for task in listed if task["case_id"] is None}
    assert (len(shown), shown[1], shown[2]) == (30, "Call M. K.", f"Call {NAME}")


async def test_shared_views_are_masked_for_viewers(wiring: Wiring) -> None:
    async with answering(wiring, persona=None) as client:
        for who, shared in (("ana", True), ("vera", False)):
            order = {"query": {"q": EMAIL}, "shared": shared}
            kept = await client.put(f"/api/views/of {IPV4}", json=order, headers=signed_in(who))
            assert kept.is_success, kept.text
        shown = {
            who: {
                view["owner"]: view for view in (await client.get("/api/views", headers=signed_in(who))).json()["items"]
            }
            for who in ("vera", "ben")
        }
    assert (shown["vera"]["ana"]["name"], shown["vera"]["ana"]["query"]["q"]) == (f"of {MASKED[2]}", MASKED[1])
    assert shown["vera"]["vera"]["query"]["q"] == shown["ben"]["ana"]["query"]["q"] == EMAIL


async def test_unknown_case_is_not_on_record_as_revealed(wiring: Wiring, book: CaseBook) -> None:
    async with answering(wiring) as client:
        unknown = await client.get("/api/cases/case-nobody", params=SHOWN)
        twice = await client.get("/api/cases/case-nobody?personal_data=masked&personal_data=shown")
        odd = await client.get("/api/cases/case-nobody?personal_data=yes")
    assert [each.status_code for each in (unknown, twice, odd)] == [404, 422, 422]
    assert revealed(book) == []


async def test_files_are_for_those_who_may_reveal(wiring: Wiring, planted: Planted) -> None:
    files = [route for route, why in UNMASKED.items() if why.startswith("a file")]
    assert len(files) == 4
    async with answering(wiring, persona=None) as client:
        for route in files:
            path = path_of(route, planted)
            answers = [await client.get(path, headers=signed_in(who)) for who in ("vera", "svc-cases-read", "ana")]
            assert [each.status_code for each in answers] == [403, 403, 200], route
            # What somebody attached keeps its name.
            is_made_here = "attachments" not in route
            assert ("-personal-data." in answers[2].headers["content-disposition"]) is is_made_here
        pages = [
            await client.get(f"/api/cases/{planted.case_id}/{name}?format=html", headers=signed_in("ana"))
            for name in ("export", "regulatory-report")
        ]
    assert [("This file holds personal data." in page.text, " by ana</p>" in page.text) for page in pages] == [
        (True, True)
    ] * 2


async def test_document_names_what_may_be_revealed(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    named = {
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if any(parameter["name"] == "personal_data" for parameter in operation.get("parameters", ()))
    }
    assert named == REVEALING


def test_planted_values_would_be_found() -> None:
    assert found_in(TEXT) != []
    assert NAME in PLANTED


@pytest.mark.parametrize(("who", "finds"), [("vera", False), ("ana", True)])
async def test_nobody_spells_out_what_they_may_not_see(wiring: Wiring, planted: Planted, who: str, finds: bool) -> None:
    async with answering(wiring, persona=None) as client:

        async def found(word: str) -> set[bool]:
            cases = await client.get("/api/cases", params={"q": word}, headers=signed_in(who))
            paths = (f"/api/conversations/{planted.user_id}", {"search": word})
            turns = await client.get(paths[0], params=paths[1], headers=signed_in(who))
            assert (cases.status_code, turns.status_code) == (200, 200)
            return {cases.json()["items"] != [], turns.json()["items"] != []}

        assert await found("kellermann") == {True}
        for guessed in ("kell", "kellerman", "mariana.kel", "77", "203.0.113.77", "4111"):
            assert await found(guessed) == {finds}, guessed


async def test_masked_words_are_not_sent_to_a_customer(wiring: Wiring, book: CaseBook, planted: Planted) -> None:
    async with answering(wiring) as client:
        case = (await client.get(f"/api/cases/{planted.reply_case_id}")).json()
        answer = {key: case["review"][key] for key in ("review_id", "assessment_hash")}
        answer |= {"verdict": "approve", "action": "send_edited"}
        edited = (
            ("m…@mail.example.com", case["draft"]["text"].replace("asked", "answered")),
            ("m…@mail.example.com", "We wrote to <m…@mail.example.com>, didn't we?"),
            ("M. K.", "You (M. K.) paid."),
            ("K., M.", "You (K., M.) paid."),
            ("…1111", "It is the card …1111."),
            ("K.", "Dear Ms K., we have answered."),
            ("M.", "Hello M., we have answered Kellermann."),
            ("M. K.", f"Dear {NAME}, or M. K."),
        )
        for mark, text in edited:
            refused = await client.post("/api/workflow/decision", json={**answer, "text": text})
            assert (refused.status_code, refused.json()["id"], refused.json()["detail"]) == (
                422,
                "masked-text",
                f"'{mark}' stands for personal data that is masked: show it, and send the whole text.",
            )
        assert book.get_case(planted.reply_case_id).review is not None
        whole = f"Dear {NAME} of M. street, we have answered {EMAIL}."
        taken = await client.post("/api/workflow/decision", json={**answer, "text": whole})
    assert taken.status_code == 202, taken.text


async def test_task_that_comes_back_masked_keeps_its_texts(wiring: Wiring, planted: Planted) -> None:
    path = f"/api/tasks/{planted.task_id}"
    async with answering(wiring) as client:
        task = await client.get(path)
        sent = {"title": task.json()["title"], "notes": task.json()["notes"], "assignee": "ben"}
        headers = {"If-Match": task.headers["etag"]}
        cut = await client.patch(path, json={**sent, "title": f"{sent['title']} today"}, headers=headers)
        changed = await client.patch(path, json=sent, headers=headers)
        whole = (await client.get(path, params=SHOWN)).json()
    assert (cut.status_code, cut.json()["id"], changed.status_code) == (422, "masked-text", 200)
    assert (whole["title"], whole["notes"], whole["assignee"]) == (f"Call {NAME} at {PHONE}", TEXT, "ben")
