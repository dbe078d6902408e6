import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from backend.services.absences import LOOK_AGAIN_S, AbsenceReturns
from backend.services.errors import NoAssignee
from backend.wiring import Wiring
from contracts.assignment import Absence, AssignmentRules, Member
from tests.support.casebooks import CaseBook
from tests.unit.backend.live.test_change_feed import eventually
from tests.unit.backend.support import case_in_review, signed_in
from tests.unit.casebook.builders import ANALYST, NOON, open_case

pytestmark = pytest.mark.anyio

ANA, BEN, MARIA, VERA = map(signed_in, ("ana", "ben", "maria", "vera"))


def a_member(subject: str, role: str = "analyst", **more: Any) -> dict[str, Any]:
    return {"subject": subject, "role": role, **more}


def away(begins_in: timedelta, lasts: timedelta = timedelta(days=1)) -> list[dict[str, str]]:
    begins = datetime.now(UTC) + begins_in
    return [{"begins_at": begins.isoformat(), "ends_at": (begins + lasts).isoformat()}]


async def set_rules(client: httpx.AsyncClient, *members: dict[str, Any], mode: str = "round_robin") -> httpx.Response:
    version = (await client.get("/api/assignment", headers=MARIA)).json()["version"]
    body = {"version": version, "rules": {"mode": mode, "members": members}}
    return await client.put("/api/assignment", json=body, headers=MARIA)


async def test_analyst_takes_a_case_and_puts_it_back(client: httpx.AsyncClient, book: CaseBook) -> None:
    path = f"/api/cases/{case_in_review(book).case_id}"
    taken = await client.put(f"{path}/assignment", json={"assigned_to": "ana"}, headers=ANA)
    assert (taken.status_code, taken.json()["assigned_by"]) == (200, "ana")
    assert (await client.get(path)).json()["assignment"] == taken.json()
    (row,) = (await client.get("/api/cases?assigned_to=me", headers=ANA)).json()["items"]
    assert row["assignment"] == taken.json()
    assert (await client.get("/api/cases?assigned_to=none", headers=ANA)).json()["items"] == []
    assert (await client.get("/api/cases/counts", headers=ANA)).json()["assigned"] == 1
    refused = await client.put(f"{path}/assignment", json={"assigned_to": "ben"}, headers=BEN)
    assert (refused.status_code, refused.json()["id"]) == (409, "assigned-to-other")
    assert (await client.delete(f"{path}/assignment", headers=BEN)).status_code == 409
    assert (await client.delete(f"{path}/assignment?reason=No+time", headers=ANA)).status_code == 204
    assert book.case_events(row["case_id"])[-1].data["reason"] == "No time"
    assert (await client.delete(f"{path}/assignment", headers=ANA)).json()["id"] == "not-assigned"


async def test_only_managers_assign_to_others(client: httpx.AsyncClient, book: CaseBook) -> None:
    path = f"/api/cases/{open_case(book)}/assignment"
    assert (await client.put(path, json={"assigned_to": "ben"}, headers=ANA)).status_code == 403
    assert (await client.put(path, json={"assigned_to": "ben"}, headers=MARIA)).json()["assigned_by"] == "maria"
    for nobody in ("vera", "mallory"):
        answer = await client.put(path, json={"assigned_to": nobody}, headers=MARIA)
        assert (answer.status_code, answer.json()["id"]) == (422, "no-assignee")
    assert (await client.delete(path, headers=MARIA)).status_code == 204


def test_many_who_could_work_are_named_in_part() -> None:
    able = [f"analyst-{number}" for number in range(5_000)]
    assert NoAssignee(able).fields[0][1] == (
        f"Name an assignee who can work on cases: one of {', '.join(able[:10])} and 4,990 others."
    )
    assert str(NoAssignee(able[:2])) == "Name an assignee who can work on cases: one of analyst-0, analyst-1."


async def test_setting_names_people_who_may_decide(client: httpx.AsyncClient, book: CaseBook) -> None:
    assert (await set_rules(client, a_member("ana"), a_member("maria", "manager"))).json()["version"] == 1
    for wrong, why in (("mallory", "is nobody who can sign in here"), ("vera", "does not have the role 'analyst'")):
        refused = await set_rules(client, a_member(wrong))
        assert (refused.status_code, refused.json()["id"]) == (422, "unfit-member")
        assert why in refused.json()["detail"]
    assert (await set_rules(client, a_member("ana", "manager"))).status_code == 422
    assert (await set_rules(client, a_member("ana"), a_member("ana"))).status_code == 422
    assert (await set_rules(client, a_member("ana", absences=away(timedelta(), -timedelta(1))))).status_code == 422
    assert book.assignment().version == 1
    first = case_in_review(book, 1).case_id
    assert (await client.get(f"/api/cases/{first}")).json()["assignment"]["assigned_by"] == "system"


async def test_setting_that_somebody_else_changed_is_409(client: httpx.AsyncClient, book: CaseBook) -> None:
    changes: list[dict[str, Any]] = [{"version": 0, "rules": {"mode": mode}} for mode in ("by_load", "round_robin")]
    answers = await asyncio.gather(*(client.put("/api/assignment", json=each, headers=MARIA) for each in changes))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (refused,) = [answer.json() for answer in answers if answer.status_code == 409]
    assert refused["id"] == "setting-changed"
    assert book.changes().total == 1


async def test_entered_absence_passes_cases_on_at_once(client: httpx.AsyncClient, book: CaseBook) -> None:
    case = case_in_review(book).case_id
    await client.put(f"/api/cases/{case}/assignment", json={"assigned_to": "ana"}, headers=ANA)
    await set_rules(client, a_member("ana", absences=away(timedelta(0))), a_member("ben"))

    def is_passed_on() -> bool:
        found = book.summary(case).assignment
        return found is not None and found.assigned_to == "ben"

    await eventually(is_passed_on)
    event = book.case_events(case)[-1]
    assert (event.actor, event.data["why"]) == ("system", "absent")


async def test_job_sleeps_until_an_absence_begins(client: httpx.AsyncClient, wiring: Wiring, book: CaseBook) -> None:
    now = datetime.now(UTC)
    job = AbsenceReturns(wiring.services.desk, lambda: now)
    assert await job.pause() == LOOK_AGAIN_S
    for begins_in, pause in ((timedelta(hours=2), LOOK_AGAIN_S), (timedelta(hours=1, seconds=10), 10)):
        absence = away(begins_in)
        await set_rules(client, a_member("ana", absences=absence))
        now = datetime.fromisoformat(absence[0]["begins_at"]) - begins_in + timedelta(hours=1)
        assert await job.pause() == pytest.approx(pause)


async def test_crashed_job_is_finished_by_another_backend(wiring: Wiring, book: CaseBook) -> None:
    cases = [case_in_review(book, number).case_id for number in range(1, 6)]
    for case in cases:
        book.assign(case, "ana", ANALYST, "ana")
    absences = (Absence(begins_at=NOON, ends_at=datetime.now(UTC) + timedelta(days=1)),)
    members = (Member(subject="ana", absences=absences), Member(subject="ben"))
    book.change_assignment(0, AssignmentRules(mode="round_robin", members=members), "maria")
    found = book.assigned_away()
    book.reassign_away(*found[0])  # the first backend dies here
    assert await AbsenceReturns(wiring.services.desk, lambda: datetime.now(UTC)).look() == 4
    holders = [assignment.assigned_to for case in cases if (assignment := book.summary(case).assignment)]
    assert holders == ["ben"] * 5
    assert book.audit().broken is None
