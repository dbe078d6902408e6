"""What must be filled in before a case is decided: reason codes, and the fields that an installation requires."""

from collections.abc import Mapping
from typing import Literal, get_args

from contracts.actions import Disposition
from contracts.base import Contract
from contracts.kinds import Answer, has_disposition

ReasonCode = Literal[
    "account_takeover",
    "stolen_card",
    "sim_swap",
    "service_abuse",
    "other_fraud",
    "customer_travelling",
    "customer_confirmed",
    "known_device",
    "expected_use",
    "faulty_data",
    "evidence_missing",
    "evidence_conflicts",
    "customer_unreachable",
    "bulk_false_positive",
]
"""Why somebody decided as they did. The last one is that of a bulk action."""

REASON_CODES: Mapping[Disposition, tuple[ReasonCode, ...]] = {
    "confirmed_fraud": ("account_takeover", "stolen_card", "sim_swap", "service_abuse", "other_fraud"),
    "false_positive": ("customer_travelling", "customer_confirmed", "known_device", "expected_use", "faulty_data"),
    "inconclusive": ("evidence_missing", "evidence_conflicts", "customer_unreachable"),
}
"""What people choose from, by what the case was in their eyes."""
KNOWN_REASON_CODES: tuple[str, ...] = get_args(ReasonCode)

RequiredField = Literal["disposition", "reason_code", "comment", "reason"]
"""`comment`: words; those of a rejection are its feedback. `reason`: a reason code or a comment."""


class ClosingPolicy(Contract):
    """The fields that each answer must have, beside those that the four-eyes policy asks for."""

    required: Mapping[Answer, tuple[RequiredField, ...]] = {}

    def of(self, answer: Answer) -> tuple[RequiredField, ...]:
        """What must be filled in for this answer."""
        required = self.required.get(answer, ())
        coded = has_disposition(answer)
        return tuple(name for name in required if coded or name not in ("disposition", "reason_code"))


NO_POLICY = ClosingPolicy()
