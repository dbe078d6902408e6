"""A reversal of an effect: an action that needs an approval of its own."""

from typing import Literal

from contracts.actions import ReversalAction
from contracts.base import Contract, NonEmptyText, UtcDateTime
from contracts.effect import Effect
from contracts.ids import CaseId

ReversalStatus = Literal["requested", "approved", "refused", "done", "failed"]


class Reversal(Contract):
    """One request to undo one effect of a case. Another person than the one who asked must approve it."""

    reversal_id: str
    """`{case_id}:{action}:{n}`, n counting the case's requests from 1. Also names its orchestration."""
    case_id: CaseId
    action: ReversalAction
    undoes: str
    """Key of the effect that is reversed."""
    status: ReversalStatus
    reason: NonEmptyText
    requested_by: str
    requested_at: UtcDateTime
    decided_by: str | None = None
    decided_at: UtcDateTime | None = None
    comment: str | None = None
    """What the person who decided said to it."""
    effect: Effect | None = None
    """Its result, once it was carried out."""


def reversal_reason(reversal: Reversal) -> str:
    """What the customer store keeps as the reason of a reversal. A repeated one must have the same."""
    return (
        f"{reversal.case_id}: {reversal.reversal_id}, requested by {reversal.requested_by}, "
        f"approved by {reversal.decided_by or 'nobody'}"
    )
