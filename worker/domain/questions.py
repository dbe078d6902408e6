"""The sentences that tell a person why they are asked. Pure: orchestrations name reasons by their ids."""

from collections.abc import Iterable, Mapping

from contracts.assessment import RiskAssessment
from contracts.steps import AddedReason, EscalationReason
from worker.domain.failures import sentence_for

ATTEMPTS_USED_UP = "The analysts rejected every assessment that they may ask for."
NO_ATTEMPTS_LEFT = "The investigation failed, and the analysts have rejected as often as they may."
FAILED_AGAIN = "The investigation of this case failed again and again."
FACTS_CHANGED = "What a manager approved no longer holds."
NOT_DECIDED_IN_TIME = "Nobody decided before the deadline."
MEMORY_LOST = "The case's memory could not be written: "
NOT_CLOSED = "The record does not justify that the case is cleared automatically: "

ESCALATIONS: Mapping[EscalationReason, str] = {
    "attempts_used_up": ATTEMPTS_USED_UP,
    "no_attempts_left": NO_ATTEMPTS_LEFT,
    "failed_again": FAILED_AGAIN,
    "facts_changed": FACTS_CHANGED,
    "not_decided": NOT_DECIDED_IN_TIME,
}
"""Why a manager is asked."""


def added_sentence(reason: AddedReason) -> str:
    """Why a person must look, beside what the guard rails said."""
    if reason.why == "memory_lost":
        return MEMORY_LOST + sentence_for(reason.error)
    return NOT_CLOSED + f"{reason.error}."


def with_reasons(assessment: RiskAssessment, added: Iterable[AddedReason]) -> RiskAssessment:
    """The same judgement, but a person must look, for these reasons as well."""
    sentences = tuple(map(added_sentence, added))
    if not sentences:
        return assessment
    reasons = tuple(dict.fromkeys((*assessment.route_reasons, *sentences)))
    return assessment.model_copy(update={"route": "review", "route_reasons": reasons})
