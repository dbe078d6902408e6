"""Whose each event of a case's log may be: what the product does by itself is no person's, and the reverse. Pure."""

from casebook.case_log.hash_chain import SYSTEM
from contracts.case import CaseEvent
from contracts.names import CaseEventType

WORKER = "worker"
"""The actor of what the investigation does."""
AGENT = "agent:"
"""How the actors of what specialists do begin."""
OF_AGENTS: frozenset[CaseEventType] = frozenset({"specialist_started", "specialist_finished"})
OF_PEOPLE: frozenset[CaseEventType] = frozenset(
    {
        "approval_given",
        "approval_withdrawn",
        "decision_accepted",
        "claimed",
        "claim_released",
        "claim_taken_over",
        "note_added",
        "attachment_added",
        "reversal_requested",
        "reversal_decided",
    }
)
OF_ANYBODY: frozenset[CaseEventType] = frozenset({"case_opened"})


def why_not_by(event: CaseEvent) -> str | None:
    """Why this is nothing that its actor does; None when it is."""
    if event.type in OF_ANYBODY:
        return None
    is_right = {
        True: event.actor not in (WORKER, SYSTEM) and not event.actor.startswith(AGENT),
        False: event.actor in (WORKER, SYSTEM),
    }[event.type in OF_PEOPLE]
    if event.type in OF_AGENTS:
        is_right = event.actor == f"{AGENT}{event.data['specialist']}"
    return None if is_right else f"it is nothing that '{event.actor}' does"
