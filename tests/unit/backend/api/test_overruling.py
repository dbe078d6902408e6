"""What an answer that is not the recommended one takes: a reason, and for what was rated critical a second person."""

from typing import Any

import httpx
import pytest
from pydantic import JsonValue

from contracts.actions import RecommendedAction
from contracts.hashing import content_hash
from contracts.severity import Severity
from tests.support.casebooks import CaseBook
from tests.unit.backend.support import case_in_review, decision_body, signed_in
from tests.unit.casebook.builders import (
    an_alert,
    an_assessment,
    an_opening,
    put,
)

pytestmark = pytest.mark.anyio

BEN = signed_in("ben")
RISKY: dict[str, Any] = {"recommended": "lock_and_refund", "level": "critical", "score": 0.97}


async def decide(
    client: httpx.AsyncClient, body: dict[str, JsonValue], who: dict[str, str] | None = None
) -> tuple[int, Any]:
    answer = await client.post("/api/workflow/decision", json=body, headers=who)
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    ("recommended", "action"),
    [("lock_account", "clear"), ("clear", "lock_account"), ("lock_and_refund", "lock_account")],
)
async def test_overruling_in_any_direction_needs_a_reason(
    client: httpx.AsyncClient, book: CaseBook, recommended: RecommendedAction, action: RecommendedAction
) -> None:
    opening = case_in_review(book, recommended=recommended)
    for nothing in (
        {},
        {"comment": "  \n"},
        {"comment": "\u200b"},
        {"feedback": "\u3164"},
        {"comment": None, "reason_code": None},
    ):
        status, refused = await decide(client, decision_body(opening, action=action, **nothing))
        assert (status, refused["id"], refused["errors"][0]["field"]) == (422, "reason-missing", "reason_code")
        assert refused["detail"].startswith(f"The assessment recommends '{recommended}', and you approve '{action}'")
    assert book.get_fraud_case(opening.case_id).decisions == ()
    assert (await decide(client, decision_body(opening, action=action, reason_code="known_device")))[0] == 202


@pytest.mark.parametrize("said", [{"comment": "She travels."}, {"feedback": "She travels."}])
async def test_words_are_a_reason_as_well(
    client: httpx.AsyncClient, book: CaseBook, said: dict[str, JsonValue]
) -> None:
    opening = case_in_review(book)
    status, answer = await decide(client, decision_body(opening, action="clear", **said))
    assert (status, answer["status"]) == (202, "accepted")


async def test_what_is_recommended_needs_no_reason(client: httpx.AsyncClient, book: CaseBook) -> None:
    assert (await decide(client, decision_body(case_in_review(book))))[0] == 202


async def test_without_a_recommendation_nothing_is_overruled(client: httpx.AsyncClient, book: CaseBook) -> None:
    for number, action in enumerate(("clear", "lock_account"), start=1):
        # Without a score, and with a recommendation all the same.
        opening = case_in_review(book, number, score=None)
        assert (await decide(client, decision_body(opening, action=action)))[0] == 202


async def test_clearing_what_was_rated_critical_takes_two_people(client: httpx.AsyncClient, book: CaseBook) -> None:
    opening = case_in_review(book, **RISKY)
    body = decision_body(opening, action="clear", comment="She rang us.")
    assert (await decide(client, body))[1]["status"] == "awaiting_second_approval"
    assert book.get_fraud_case(opening.case_id).decisions == ()
    assert (await decide(client, body))[1]["id"] == "same-approver"
    # The second person agrees with the first one's reason.
    status, answer = await decide(client, decision_body(opening, action="clear"), BEN)
    assert (status, answer["status"], answer["approvals_given"]) == (202, "accepted", 2)
    (decision,) = book.get_fraud_case(opening.case_id).decisions
    assert [approval.comment for approval in decision.approvals or ()] == ["She rang us.", None]


async def test_milder_second_round_still_needs_two_people(client: httpx.AsyncClient, book: CaseBook) -> None:
    """Whoever rejects a critical assessment tells the next round what to think."""
    first = case_in_review(book, **RISKY)
    rejection = decision_body(first, verdict="reject", action=None, feedback="She travels: it is her own phone.")
    assert (await decide(client, rejection))[0] == 202
    book.start_round(first.case_id, 2)
    benign = {"risk_level": "low", "round": 2}
    second = an_opening(first.case_id, an_assessment(2, score=0.2, action="clear").model_copy(update=benign))
    put(book, second)

    body = decision_body(second, action="clear", review_id=second.review.review_id)
    assert (await decide(client, body))[1]["status"] == "awaiting_second_approval"
    assert book.get_fraud_case(first.case_id).state != "closed"


@pytest.mark.parametrize(("severity", "status"), [("critical", "awaiting_second_approval"), ("high", "accepted")])
async def test_a_critical_alert_counts_like_a_critical_assessment(
    client: httpx.AsyncClient, book: CaseBook, severity: Severity, status: str
) -> None:
    case = book.open_case(an_alert().model_copy(update={"severity": severity})).case_id
    opening = an_opening(case, an_assessment(score=0.2, action="clear").model_copy(update={"risk_level": "low"}))
    put(book, opening)
    assert content_hash(opening.assessment) == opening.review.assessment_hash
    assert (await decide(client, decision_body(opening, action="clear")))[1]["status"] == status
