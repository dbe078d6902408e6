"""One case from alert to outcome, through every real process."""

import asyncio
from collections.abc import Callable
from typing import Any

from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport

from contracts.fraud_case import FraudCaseView
from tests.support.alerts import foreign_login
from tests.support.stack import LocalStack


def account_status(stack: LocalStack, customer_id: int) -> str:
    async def ask() -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {stack.keys.token()}"}
        async with Client(StreamableHttpTransport(stack.mcp_url, headers=headers)) as client:
            answer = await client.call_tool("get_customer", {"customer_id": customer_id})
            assert answer.structured_content is not None
            return answer.structured_content

    return asyncio.run(ask())["status"]


def awaits_review(round_number: int) -> Callable[[FraudCaseView], bool]:
    return lambda view: view.state == "awaiting_review" and view.round == round_number


def test_damning_case_is_reinvestigated_and_ends_in_locked_account(stack: LocalStack) -> None:
    customer = stack.customer("account_takeover")
    assert account_status(stack, customer["customer_id"]) == "active"
    case_id = stack.start_case(foreign_login(customer))

    first = stack.wait_for_case(case_id, awaits_review(1))
    assert {report.specialist for report in first.reports} == {"usage", "location", "billing"}
    assert first.assessment is not None
    assert first.assessment.overall_risk_score is not None
    assert first.assessment.overall_risk_score >= 0.6
    assert first.assessment.recommended_action in ("lock_account", "lock_and_refund")

    rejected = stack.decide(first, "reject", feedback="Look at the support tickets before you judge.")
    assert rejected.status_code == 202, rejected.text
    second = stack.wait_for_case(case_id, awaits_review(2))
    assert second.assessment is not None
    assert "support tickets" in second.assessment.model_dump_json(), (
        "round 2 does not say what it did about the feedback"
    )
    assert second.earlier_rounds[0].decision is not None
    assert second.earlier_rounds[0].decision.feedback == "Look at the support tickets before you judge."

    approved = stack.decide(second, "approve", action="lock_account")
    assert approved.status_code == 202, approved.text
    closed = stack.wait_for_case(case_id, lambda view: view.state == "closed")
    assert closed.outcome == "account_locked"
    assert [(effect.action, effect.status) for effect in closed.effects] == [("lock_account", "done")]
    assert account_status(stack, customer["customer_id"]) == "locked"


def test_an_innocent_case_is_cleared_without_a_person(stack: LocalStack) -> None:
    customer = stack.customer("travel")
    case_id = stack.start_case(foreign_login(customer, severity="medium"))
    closed = stack.wait_for_case(case_id, lambda view: view.state == "closed")
    assert closed.outcome == "auto_cleared"
    assert closed.effects == ()
    assert closed.assessment is not None
    assert closed.assessment.route_reasons == ()
    assert account_status(stack, customer["customer_id"]) == "active"


def test_a_critical_alert_never_clears_itself(stack: LocalStack) -> None:
    customer = stack.customer("travel", 1)
    case_id = stack.start_case(foreign_login(customer, severity="critical"))
    view = stack.wait_for_case(case_id, awaits_review(1))
    assert view.assessment is not None
    assert any("critical" in reason for reason in view.assessment.route_reasons)


def test_every_cited_evidence_can_be_read_word_for_word(stack: LocalStack) -> None:
    case_id = stack.start_case(foreign_login(stack.customer("account_takeover", 1)))
    view = stack.wait_for_case(case_id, awaits_review(1))
    event_ids = {event.event_id for event in (*view.alert.trigger_events, *view.alert.recent_events)}
    cited = {
        evidence for report in view.reports for finding in report.findings for evidence in finding.evidence_ids
    } - event_ids
    assert cited, "no finding rests on a tool call"
    for evidence_id in cited:
        answer = stack.http.get(f"/api/cases/{case_id}/evidence/{evidence_id}")
        assert answer.status_code == 200, answer.text
        assert answer.json()["evidence_id"] == evidence_id


def test_the_history_tells_the_case_in_order(stack: LocalStack) -> None:
    case_id = stack.start_case(foreign_login(stack.customer("travel", 2), severity="medium"))
    stack.wait_for_case(case_id, lambda view: view.state == "closed")
    rows: list[dict[str, Any]] = stack.http.get(f"/api/cases/{case_id}/history").json()["items"]
    types = [row["type"] for row in rows]
    assert types[0] == "case_opened"
    assert types[-1] == "case_closed"
    assert types.count("specialist_finished") == 3
    assert types.index("assessed") > max(i for i, t in enumerate(types) if t == "specialist_finished")
    assert [row["prev_hash"] for row in rows] == [None, *(row["hash"] for row in rows[:-1])]
