"""A review: a question to a person about one assessment, and the decision on it."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from contracts.actions import Disposition
from contracts.base import Contract, UtcDateTime, added_later
from contracts.ids import Hash, ReviewId
from contracts.kinds import Action
from contracts.refunds import ChosenRefunds

Role = Literal["viewer", "analyst", "manager", "admin"]
_RANK: dict[Role, int] = {"viewer": 0, "analyst": 1, "manager": 2, "admin": 3}


def may_act_as(roles: Iterable[Role], required: Role) -> bool:
    """Whether one of `roles` is `required` or includes it: a manager may do all that an analyst may."""
    return any(_RANK[role] >= _RANK[required] for role in roles)


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
    """How many people must approve the recommended action."""
    four_eyes_actions: tuple[Action, ...] | None = None
    """The actions that need two people, by the policy at the time of asking; null where there is none."""
    remind_at: UtcDateTime | None = None
    """When those who could decide are reminded."""


class Approval(Contract):
    """One person's share of an approval that needs two."""

    approved_by: str
    approved_at: UtcDateTime
    comment: str | None = None


class Decision(Contract):
    """A person's answer to one review. `action` is what an approval approves; a rejection needs `feedback`."""

    review_id: ReviewId
    assessment_hash: Hash
    verdict: Verdict
    action: Action | None = None
    feedback: Annotated[str, Field(max_length=4_000)] | None = None
    reason_code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,63}$")] | None = None
    decided_by: Annotated[str, Field(min_length=1, max_length=200)]
    """The stable subject id of the person; of the second one where two were needed."""
    decided_at: UtcDateTime
    disposition: Disposition | None = None
    """What the case was, in the eyes of who decided. Every decision on a case of fraud has one on record."""
    comment: Annotated[str, Field(max_length=4_000)] | None = None
    """Why, in their own words."""
    approvals: tuple[Approval, ...] | None = None
    """Everyone who approved, in order, where two people were needed."""
    refunds: ChosenRefunds | None = added_later()
    """What is refunded of which charges; left out where those of the assessment are approved as they are."""
    text_hash: Hash | None = added_later()
    """Of the text that is sent instead of a draft; left out where nobody edited it."""
    held_until: UtcDateTime | None = added_later()
    """Until when whoever decided could take it back; left out where it took effect at once."""
