"""A question to a person and the answer, each bound to what was shown."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.assessment import RecommendedAction
from contracts.ids import Hash, ReviewId
from contracts.model import Contract, UtcDateTime

Role = Literal["viewer", "analyst", "manager", "admin"]
Verdict = Literal["approve", "reject"]


class ReviewRequest(Contract):
    """One round's question: may this be done? Answered at most once."""

    review_id: ReviewId
    assessment_hash: Hash
    """`content_hash` of the `RiskAssessment` that is shown."""
    opened_at: UtcDateTime
    due_at: UtcDateTime
    required_role: Role = "analyst"
    approvals_required: Annotated[int, Field(ge=1, le=2)] = 1


class Decision(Contract):
    """A person's answer to one review. `action` is what an approval approves; a rejection needs `feedback`."""

    review_id: ReviewId
    assessment_hash: Hash
    verdict: Verdict
    action: RecommendedAction | None = None
    feedback: Annotated[str, Field(max_length=4_000)] | None = None
    reason_code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,63}$")] | None = None
    decided_by: Annotated[str, Field(min_length=1, max_length=200)]
    decided_at: UtcDateTime
