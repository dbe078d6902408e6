"""Decisions on a review, by one person or by two."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import Field

from backend.api.dependencies import CurrentIdentity, Services, ServicesDep, strict_json
from backend.http.problem import documented
from casebook.policy.four_eyes import APPROVALS_OF_FOUR_EYES
from contracts.base import Contract, UtcDateTime
from contracts.case import Proposal
from contracts.ids import Hash, ReviewId, parse_review_id
from contracts.kinds import Action
from contracts.kinds.reply import SEND_EDITED
from contracts.refunds import ChosenRefunds
from contracts.reply import ReplyCaseView
from contracts.review import Decision, Disposition, Verdict

router = APIRouter(tags=["workflow"])


class DecisionRequest(Contract):
    """A person's answer to a review, bound to the assessment that was shown.

    `approve` needs `action`, `reject` needs `feedback` and takes no `action`. Who decides, and when, is what the
    server knows: whoever is signed in, now.
    """

    review_id: ReviewId
    assessment_hash: Hash
    verdict: Verdict
    action: Action | None = None
    feedback: Annotated[str, Field(max_length=4_000)] | None = None
    reason_code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,63}$")] | None = None
    disposition: Disposition | None = None
    """What the case was, in the eyes of who decides. Left out, it follows from the answer: an approval of `clear` means
    a false positive, of anything else confirmed fraud; a rejection leaves it inconclusive."""
    comment: Annotated[str, Field(max_length=4_000)] | None = None
    """Why, in their own words."""
    refunds: ChosenRefunds | None = None
    """Which charges to refund, and how much of each: charges that the investigation saw, up to what was left of them.
    Left out, the charges that the assessment names are refunded in full. The second of two people chooses the same."""
    text: Annotated[str, Field(max_length=4_000)] | None = None
    """With `send_edited`: what is sent instead of the draft."""
    decided_by: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """Taken from older clients, and ignored."""
    decided_at: UtcDateTime | None = None
    """Taken from older clients, and ignored."""


class DecisionResponse(Contract):
    """`accepted`: the decision is recorded and reaches the investigation, even through a crash.

    Until `held_until`, where there is one, whoever decided can take it back, and nothing is done.
    `awaiting_second_approval`: the approval is recorded, and nothing happens before another person gives theirs.
    """

    review_id: ReviewId
    status: Literal["accepted", "awaiting_second_approval"]
    approvals_given: int
    approvals_required: int
    held_until: UtcDateTime | None = None


@router.post(
    "/api/workflow/decision",
    operation_id="decide",
    summary="Decide on a review",
    status_code=202,
    responses=documented(403, 404, 409, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(DecisionRequest))],
)
async def decide(order: DecisionRequest, services: ServicesDep, identity: CurrentIdentity) -> DecisionResponse:
    """Approve an action, or reject with feedback. Accepted at most once per review, and only for what was shown.

    Some actions need two people: the first approval waits for that of another person. A `text` with what is masked in
    the draft is refused: the customer would read it.
    """
    if order.text is not None and order.action == SEND_EDITED:
        await _require_whole(services, order.review_id, order.text)
    decision = Decision(
        review_id=order.review_id,
        assessment_hash=order.assessment_hash,
        verdict=order.verdict,
        action=order.action,
        feedback=order.feedback,
        reason_code=order.reason_code,
        decided_by=identity.subject,
        decided_at=datetime.now(UTC),
        disposition=order.disposition,
        comment=order.comment,
        refunds=order.refunds,
    )
    accepted = await services.decisions.accept(decision, identity, order.text)
    services.change_feed.wake(awaiting=parse_review_id(order.review_id)[0])
    if isinstance(accepted, Proposal):
        return DecisionResponse(
            review_id=accepted.review_id,
            status="awaiting_second_approval",
            approvals_given=len(accepted.approvals),
            approvals_required=APPROVALS_OF_FOUR_EYES,
        )
    given = 1 if accepted.approvals is None else len(accepted.approvals)
    return DecisionResponse(
        review_id=accepted.review_id,
        status="accepted",
        approvals_given=given,
        approvals_required=given,
        held_until=accepted.held_until,
    )


async def _require_whole(services: Services, review_id: str, text: str) -> None:
    """Raises MaskedText, CaseNotFound."""
    case_id, _ = parse_review_id(review_id)
    view = await services.workspace.get_case(case_id)
    if isinstance(view, ReplyCaseView) and view.draft is not None:
        customer = None if view.subject is None else view.subject.customer_id
        about = () if customer is None else (customer,)
        await services.masking.require_whole("text", text, view.draft.text, (case_id,), about)


@router.delete(
    "/api/cases/{case_id}/decision",
    operation_id="withdraw_decision",
    summary="Take one's own decision back",
    responses=documented(403, 404, 409, 503),
)
async def withdraw_decision(case_id: str, services: ServicesDep, identity: CurrentIdentity) -> Decision:
    """Take back what one has just decided, as long as its hold runs: see `hold` of the case.

    The review is open again, with the same assessment, deadline and role. Answers the decision as it was, so that
    nothing that was typed is lost.
    """
    withdrawn = await services.decisions.withdraw_decision(case_id, identity)
    services.change_feed.wake(awaiting=case_id)
    return withdrawn


@router.delete(
    "/api/cases/{case_id}/proposal",
    operation_id="withdraw_proposal",
    summary="Withdraw one's own first approval",
    status_code=204,
    responses=documented(403, 404, 409, 503),
)
async def withdraw_proposal(case_id: str, services: ServicesDep, identity: CurrentIdentity) -> None:
    """Withdraw an approval that waits for a second person's. The review stays open."""
    await services.decisions.withdraw(case_id, identity)
