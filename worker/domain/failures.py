"""What to say about a step whose every attempt failed."""

from contracts.report import Specialist, SpecialistReport
from contracts.words import cut

SAYABLE: frozenset[str] = frozenset(
    {"ModelUnavailable", "ToolsUnavailable", "UnknownStateVersion", "DeliveriesExhausted"}
)
"""Errors whose message is one sentence that we wrote. Any other may quote text that nobody has vetted."""

MAX_REASON = 300


def reason_for(error_type: str, message: str) -> str:
    """One sentence on why a step failed. `error_type` may be qualified by its module."""
    name = error_type.rsplit(".", 1)[-1]
    if name in SAYABLE and message:
        return cut(message, MAX_REASON)
    return f"It failed unexpectedly ({name or 'unknown error'})."


def unavailable_report(specialist: Specialist, round_number: int, reason: str) -> SpecialistReport:
    """The report of a specialist that could not be heard."""
    return SpecialistReport(specialist=specialist, round=round_number, status="unavailable", reason=reason)
