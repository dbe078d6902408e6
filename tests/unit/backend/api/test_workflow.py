import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from backend.wiring import Wiring
from contracts.ids import alert_id
from contracts.sizes import attributes_size
from contracts.telemetry import telemetry_event
from tests.support.casebooks import CaseBook
from tests.unit.backend.fake_scheduler import FakeScheduler, instance_state
from tests.unit.backend.support import answering, case_in_review, decision_body, signed_in
from tests.unit.casebook.builders import close_as_failed, open_case

pytestmark = pytest.mark.anyio

ORDER = {
    "customer_id": 7,
    "alert_type": "impossible_travel",
    "description": "Oslo, then São Paulo ten minutes later.",
    "severity": "high",
}


async def test_a_start_opens_a_case_and_schedules_it(
    client: httpx.AsyncClient, wiring: Wiring, book: CaseBook, scheduler: FakeScheduler
) -> None:
    answer = await client.post("/api/workflow/start", json=ORDER)

    assert answer.status_code == 202
    started = answer.json()
    assert started["status"] == "scheduled"
    assert started["instance_id"] == f"case-{started['alert_id']}"
    assert scheduler.starts == [started["instance_id"]]
    alert = book.get_fraud_case(started["instance_id"]).alert
    assert (alert.source, alert.rule_id, alert.customer_id) == ("manual", "manual", 7)
    await wiring.relay.acks.write()
    assert book.unscheduled_cases() == []


async def test_repeated_alert_answers_200_with_same_body(client: httpx.AsyncClient, scheduler: FakeScheduler) -> None:
    first = await client.post("/api/workflow/start", json=ORDER)
    second = await client.post("/api/workflow/start", json=ORDER)

    assert (first.status_code, second.status_code) == (202, 200)
    assert first.json() == second.json()
    assert len(scheduler.starts) == 1


async def test_two_starts_at_once_open_one_case(client: httpx.AsyncClient, book: CaseBook) -> None:
    answers = await asyncio.gather(*(client.post("/api/workflow/start", json=ORDER) for _ in range(8)))

    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [202]
    assert len({answer.json()["instance_id"] for answer in answers}) == 1
    assert len(book.list_cases().items) == 1


async def test_a_given_alert_id_and_its_events_are_kept(client: httpx.AsyncClient, book: CaseBook) -> None:
    event = {
        "event_id": "e1",
        "customer_id": 7,
        "occurred_at": "2026-03-14T12:00:00+01:00",
        "kind": "login",
        "attributes": {"country": "BR", "browser": "kept"},
    }
    answer = await client.post("/api/workflow/start", json=ORDER | {"alert_id": "A-1", "trigger_events": [event]})

    assert answer.json()["instance_id"] == "case-A-1"
    kept = book.get_fraud_case("case-A-1").alert.trigger_events[0]
    assert kept.occurred_at.isoformat() == "2026-03-14T11:00:00+00:00"
    assert kept.attributes.model_dump()["browser"] == "kept"


async def test_an_event_of_another_customer_is_no_evidence(client: httpx.AsyncClient, book: CaseBook) -> None:
    event = {"customer_id": 8, "occurred_at": "2026-03-14T12:00:00Z", "kind": "data_usage", "attributes": {"gb": 1}}
    answer = await client.post("/api/workflow/start", json=ORDER | {"trigger_events": [event | {"event_id": "e8"}]})

    assert answer.status_code == 422
    message = "event 'e8' is about customer 8, not 7"
    assert answer.json()["errors"] == [{"field": "trigger_events", "message": message}]
    assert book.list_cases().items == ()


@pytest.mark.parametrize(
    ("occurred_at", "message"),
    [
        (
            "9998-01-01T00:00:00Z",
            "the time of event 'e9' cannot be true: 9998-01-01T00:00:00+00:00 lies more than 5 minutes in the future",
        ),
        ("1970-01-01T00:00:00Z", "the time of event 'e9' cannot be true: 1970-01-01T00:00:00+00:00 lies before 1990"),
    ],
)
async def test_event_of_an_impossible_time_is_refused(
    client: httpx.AsyncClient, book: CaseBook, occurred_at: str, message: str
) -> None:
    event = login(9, 1) | {"occurred_at": occurred_at}
    answer = await client.post("/api/workflow/start", json=ORDER | {"trigger_events": [event]})

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "trigger_events", "message": message}]
    assert book.list_cases().items == ()


async def test_event_of_a_fast_clock_is_evidence(client: httpx.AsyncClient) -> None:
    event = login(9, 1) | {"occurred_at": (datetime.now(UTC) + timedelta(minutes=4)).isoformat()}
    answer = await client.post("/api/workflow/start", json=ORDER | {"trigger_events": [event]})

    assert answer.status_code == 202


def login(number: int, blob: int) -> dict[str, Any]:
    return {
        "event_id": f"e{number}",
        "customer_id": 7,
        "occurred_at": "2026-03-14T12:00:00Z",
        "kind": "login",
        "attributes": {"country": "BR", "blob": "x" * blob},
    }


async def test_attributes_above_the_bound_are_refused(client: httpx.AsyncClient, book: CaseBook) -> None:
    order = ORDER | {"trigger_events": [login(0, 10), login(1, 20_000)]}
    answer = await client.post("/api/workflow/start", json=order)

    assert answer.status_code == 422
    size = attributes_size(telemetry_event.validate_python(login(1, 20_000)))
    message = f"the attributes of event 'e1' take {size:,} bytes of JSON; those of one event may take 16,384"
    assert answer.json()["errors"] == [{"field": "trigger_events", "message": message}]
    assert book.list_cases().items == ()


async def test_an_alert_above_the_bound_says_what_was_trimmed(client: httpx.AsyncClient, book: CaseBook) -> None:
    order = ORDER | {"alert_id": "A-1", "trigger_events": [login(number, 10_200) for number in range(50)]}
    answer = await client.post("/api/workflow/start", json=order)

    assert answer.status_code == 202
    alert = book.get_fraud_case("case-A-1").alert
    assert len(alert.trigger_events) == 50
    assert len(alert.model_dump_json().encode()) <= 256 * 1024
    assert alert.trimmed is not None
    assert answer.json()["trimmed"] == alert.trimmed


@pytest.mark.parametrize(("length", "status"), [(75, 202), (76, 422), (100, 422), (101, 422)])
async def test_an_alert_id_has_at_most_75_characters(client: httpx.AsyncClient, length: int, status: int) -> None:
    answer = await client.post("/api/workflow/start", json=ORDER | {"alert_id": "a" * length})

    assert answer.status_code == status
    if status == 422:
        assert answer.json()["detail"] == "alert_id: string should have at most 75 characters."


async def test_person_names_no_alert_as_rules_do(client: httpx.AsyncClient, book: CaseBook) -> None:
    taken = alert_id("spending_spike", 7, datetime(2026, 5, 6, tzinfo=UTC))
    answer = await client.post("/api/workflow/start", json=ORDER | {"alert_id": taken})

    assert answer.status_code == 422
    assert answer.json()["detail"] == (
        "alert_id: only the alerts of detection rules are called so: choose another id, or leave it out."
    )
    assert not book.list_cases().items


async def test_an_alert_id_of_another_customer_is_refused(client: httpx.AsyncClient) -> None:
    await client.post("/api/workflow/start", json=ORDER | {"alert_id": "A-1"})
    answer = await client.post("/api/workflow/start", json=ORDER | {"alert_id": "A-1", "customer_id": 8})

    assert answer.status_code == 409
    assert answer.json()["detail"] == ("The alert 'A-1' exists already and is about customer 7: give another alert_id.")


async def test_case_opened_during_outage_starts_after_it(
    client: httpx.AsyncClient, book: CaseBook, scheduler: FakeScheduler
) -> None:
    scheduler.reachable = False
    answer = await client.post("/api/workflow/start", json=ORDER)
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    again = await client.post("/api/workflow/start", json=ORDER)
    assert (again.status_code, again.json()) == (200, answer.json())

    scheduler.reachable = True
    await asyncio.wait_for(scheduler.received.wait(), 60)
    assert scheduler.starts == [answer.json()["instance_id"]]


async def test_repeated_start_behind_a_long_queue_is_pending(
    client: httpx.AsyncClient, book: CaseBook, scheduler: FakeScheduler
) -> None:
    scheduler.reachable = False
    for number in range(1, 103):
        open_case(book, number)
    first = await client.post("/api/workflow/start", json=ORDER)
    again = await client.post("/api/workflow/start", json=ORDER)
    assert (again.status_code, again.json()["status"]) == (200, "pending")
    assert again.json() == first.json()


async def test_status_says_what_the_scheduler_says(
    client: httpx.AsyncClient, book: CaseBook, scheduler: FakeScheduler
) -> None:
    case = open_case(book)
    scheduler.instances[case] = instance_state("awaiting_review", 2)

    answer = (await client.get(f"/api/workflow/status/{case}")).json()

    assert answer["runtime_status"] == "RUNNING"
    assert answer["custom_status"] == {
        "phase": "awaiting_review",
        "round": 2,
        "specialists": {},
        "score": None,
        "outcome": None,
    }


async def test_forgotten_closed_case_is_completed(wiring: Wiring, book: CaseBook) -> None:
    case = open_case(book)
    book.confirm(scheduled=[case])
    close_as_failed(book, case)
    async with answering(wiring) as client:
        answer = (await client.get(f"/api/workflow/status/{case}")).json()
    assert (answer["runtime_status"], answer["result"]) == ("COMPLETED", "failed")


async def test_status_of_an_unknown_case_is_404(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/workflow/status/case-nobody")
    assert (answer.status_code, answer.json()["id"]) == (404, "case-not-found")


async def test_status_without_a_scheduler_is_503(
    client: httpx.AsyncClient, book: CaseBook, scheduler: FakeScheduler
) -> None:
    case = open_case(book)
    scheduler.reachable = False
    answer = await client.get(f"/api/workflow/status/{case}")
    assert (answer.status_code, answer.json()["id"]) == (503, "scheduler-unavailable")


async def test_a_decision_is_accepted_once_and_delivered(
    client: httpx.AsyncClient, book: CaseBook, scheduler: FakeScheduler
) -> None:
    opening = case_in_review(book)
    scheduler.instances[opening.case_id] = instance_state("awaiting_review")
    body = decision_body(opening, decided_at="2001-01-01T00:00:00Z")

    answers = await asyncio.gather(*(client.post("/api/workflow/decision", json=body) for _ in range(5)))
    await asyncio.wait_for(scheduler.received.wait(), 60)

    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 4
    accepted = next(answer for answer in answers if answer.status_code == 202)
    assert accepted.json() == {
        "review_id": opening.review.review_id,
        "status": "accepted",
        "approvals_given": 1,
        "approvals_required": 1,
        "held_until": None,
    }
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json()["detail"] == "This review was already decided by ana. Reload to see the decision."
    decision = book.get_fraud_case(opening.case_id).decisions[0]
    # At least once: what a relay finds when it begins, it may tell again, and a round consumes one.
    assert [each for each in scheduler.delivered if each != decision] == []
    assert (decision.decided_by, decision.decided_at.year > 2001) == ("ana", True)


async def test_whoever_is_signed_in_decides_whatever_the_body_says(client: httpx.AsyncClient, book: CaseBook) -> None:
    opening = case_in_review(book)
    await client.post("/api/workflow/decision", json=decision_body(opening, decided_by="maria"))
    assert book.get_fraud_case(opening.case_id).decisions[0].decided_by == "ana"


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"action": None}, "action", "An approval needs an action: say what is approved."),
        ({"verdict": "reject"}, "feedback", "A rejection needs feedback: say what should be looked at again."),
        (
            {"verdict": "reject", "feedback": "  "},
            "feedback",
            "A rejection needs feedback: say what should be looked at again.",
        ),
        (
            {"verdict": "reject", "action": None, "feedback": "\u200b\u2060"},
            "feedback",
            "A rejection needs feedback: say what should be looked at again.",
        ),
        (
            {"verdict": "reject", "feedback": "Look again."},
            "action",
            "A rejection approves no action: leave out 'action', or approve.",
        ),
        (
            {"action": "lock_and_refund"},
            "action",
            "The assessment names no charges to refund: approve another action, or reject with feedback.",
        ),
    ],
)
async def test_incomplete_decision_is_422_and_changes_nothing(
    client: httpx.AsyncClient, book: CaseBook, changes: dict[str, str], field: str, sentence: str
) -> None:
    opening = case_in_review(book)
    answer = await client.post("/api/workflow/decision", json=decision_body(opening, **changes))

    assert (answer.status_code, answer.json()["detail"]) == (422, sentence)
    assert answer.json()["errors"] == [{"field": field, "message": sentence}]
    assert book.get_fraud_case(opening.case_id).decisions == ()


async def test_a_refund_of_named_charges_is_accepted(client: httpx.AsyncClient, book: CaseBook) -> None:
    opening = case_in_review(book, refundable=("ch-1",))
    answer = await client.post(
        "/api/workflow/decision", json=decision_body(opening, action="refund_charges", comment="Only this.")
    )
    assert answer.status_code == 202


async def test_refund_on_a_stale_assessment_is_refused_as_stale(client: httpx.AsyncClient, book: CaseBook) -> None:
    opening = case_in_review(book)
    body = decision_body(opening, action="refund_charges", assessment_hash="sha256:" + "0" * 64)
    answer = await client.post("/api/workflow/decision", json=body)
    assert (answer.status_code, answer.json()["id"]) == (409, "assessment-changed")


async def test_decisions_on_what_is_not_asked_are_refused(client: httpx.AsyncClient, book: CaseBook) -> None:
    opening = case_in_review(book)
    unknown = await client.post("/api/workflow/decision", json=decision_body(opening, review_id="case-nobody:r1"))
    assert (unknown.status_code, unknown.json()["id"]) == (404, "case-not-found")

    later = await client.post("/api/workflow/decision", json=decision_body(opening, review_id=f"{opening.case_id}:r2"))
    assert (later.status_code, later.json()["id"]) == (404, "review-not-found")

    close_as_failed(book, opening.case_id)
    closed = await client.post("/api/workflow/decision", json=decision_body(opening))
    assert (closed.status_code, closed.json()["id"]) == (409, "case-closed")


async def test_four_eyes_take_two_people_not_two_sessions(
    client: httpx.AsyncClient, book: CaseBook, scheduler: FakeScheduler
) -> None:
    opening = case_in_review(book, refundable=("ch-1",), four_eyes=("lock_and_refund",))
    case = opening.case_id
    scheduler.instances[case] = instance_state("awaiting_review")
    body = decision_body(opening, action="lock_and_refund", comment="Seen both charges.")

    first = await client.post("/api/workflow/decision", json=body)
    again = await client.post("/api/workflow/decision", json=body, headers=signed_in("ana"))
    alias = await client.post("/api/workflow/decision", json=body | {"decided_by": "ana@example.org"})

    assert (first.status_code, first.json()) == (
        202,
        {
            "review_id": opening.review.review_id,
            "status": "awaiting_second_approval",
            "approvals_given": 1,
            "approvals_required": 2,
            "held_until": None,
        },
    )
    assert [(answer.status_code, answer.json()["id"]) for answer in (again, alias)] == [(403, "same-approver")] * 2
    proposal = (await client.get(f"/api/cases/{case}")).json()["proposal"]
    assert [approval["approved_by"] for approval in proposal["approvals"]] == ["ana"]

    foreign = await client.delete(f"/api/cases/{case}/proposal", headers=signed_in("ben"))
    own = await client.delete(f"/api/cases/{case}/proposal")
    none = await client.delete(f"/api/cases/{case}/proposal")
    assert [answer.status_code for answer in (foreign, own, none)] == [403, 204, 409]

    await client.post("/api/workflow/decision", json=body)
    second = await client.post("/api/workflow/decision", json=body, headers=signed_in("ben"))
    await asyncio.wait_for(scheduler.received.wait(), 60)
    assert (second.status_code, second.json()["status"], second.json()["approvals_given"]) == (202, "accepted", 2)
    delivered = scheduler.delivered[0]
    # At least once, as above.
    assert [each for each in scheduler.delivered if each != delivered] == []
    assert delivered.approvals is not None
    assert [approval.approved_by for approval in delivered.approvals] == ["ana", "ben"]


async def test_whoever_opens_a_case_by_hand_is_on_record(client: httpx.AsyncClient, book: CaseBook) -> None:
    await client.post("/api/workflow/start", json=ORDER | {"alert_id": "by-hand"})
    by_rule = open_case(book)

    history = (await client.get("/api/cases/case-by-hand/history")).json()["items"]
    detail = (await client.get("/api/cases/case-by-hand")).json()
    assert (history[0]["type"], history[0]["actor"], detail["opened_by"]) == ("case_opened", "ana", "ana")
    assert book.case_events(by_rule)[0].actor == "system"
    assert (await client.get(f"/api/cases/{by_rule}")).json()["opened_by"] is None
    assert book.audit_case("case-by-hand").broken is None
