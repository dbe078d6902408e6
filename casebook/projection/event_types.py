"""Every type of event, and every table whose rows follow from the log of their case."""

from collections.abc import Mapping

from casebook.projection.attachments import ATTACHMENT, AttachmentAdded
from casebook.projection.cases import ALERT, CaseClosed, CaseOpened, OrchestrationFailed
from casebook.projection.changes import ProjectedTable
from casebook.projection.claims import Claimed, ClaimReleased, ClaimTakenOver
from casebook.projection.decisions import DECISION, DecisionAccepted
from casebook.projection.effects import EFFECT, EffectFinished, EffectStarted, FactsChanged
from casebook.projection.event_data import EventData
from casebook.projection.notes import NOTE, NoteAdded
from casebook.projection.proposals import ApprovalGiven, ApprovalWithdrawn
from casebook.projection.questions import PROPOSAL, REVIEW
from casebook.projection.reversals import (
    REVERSAL,
    ReversalDecided,
    ReversalFinished,
    ReversalRequested,
    ReversalStarted,
)
from casebook.projection.reviews import Escalated, ReviewExpired, ReviewOpened, ReviewReminded
from casebook.projection.rounds import (
    EVIDENCE,
    REPORT,
    ROUND,
    Assessed,
    RoundStarted,
    SpecialistFinished,
    SpecialistStarted,
)
from contracts.names import CaseEventType

EVENT_TYPES: Mapping[CaseEventType, type[EventData]] = {
    each.type: each
    for each in (
        CaseOpened,
        RoundStarted,
        SpecialistStarted,
        SpecialistFinished,
        Assessed,
        ReviewOpened,
        ReviewReminded,
        ApprovalGiven,
        ApprovalWithdrawn,
        DecisionAccepted,
        Escalated,
        ReviewExpired,
        EffectStarted,
        EffectFinished,
        FactsChanged,
        OrchestrationFailed,
        CaseClosed,
        Claimed,
        ClaimReleased,
        ClaimTakenOver,
        NoteAdded,
        AttachmentAdded,
        ReversalRequested,
        ReversalDecided,
        ReversalStarted,
        ReversalFinished,
    )
}

TABLES: tuple[ProjectedTable, ...] = (
    ALERT,
    ROUND,
    REPORT,
    EVIDENCE,
    REVIEW,
    PROPOSAL,
    DECISION,
    EFFECT,
    REVERSAL,
    NOTE,
    ATTACHMENT,
)
"""Beside that of the cases themselves."""
