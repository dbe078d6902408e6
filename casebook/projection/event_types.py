"""All event types, and all tables whose rows follow from the case log."""

from collections.abc import Mapping
from typing import TypeGuard

from casebook.projection import (
    alerts,
    assignments,
    attachments,
    cases,
    claims,
    decisions,
    effects,
    holds,
    legal_holds,
    notes,
    proposals,
    reopenings,
    replies,
    reversals,
    reviews,
    rounds,
    snoozes,
)
from casebook.projection.attachments import ATTACHMENT
from casebook.projection.cases import ALERT, SUBJECT
from casebook.projection.changes import ProjectedTable
from casebook.projection.decisions import DECISION
from casebook.projection.effects import EFFECT
from casebook.projection.event_data import EventData
from casebook.projection.notes import NOTE
from casebook.projection.questions import PROPOSAL, REVIEW
from casebook.projection.replies import REPLY_TEXT
from casebook.projection.reversals import REVERSAL
from casebook.projection.rounds import EVIDENCE, REPORT, ROUND
from contracts.names import CaseEventType

_NOUNS = (
    cases,
    alerts,
    replies,
    reopenings,
    rounds,
    reviews,
    proposals,
    decisions,
    holds,
    effects,
    reversals,
    claims,
    assignments,
    snoozes,
    legal_holds,
    notes,
    attachments,
)


def _declares_type(member: object) -> TypeGuard[type[EventData]]:
    return isinstance(member, type) and issubclass(member, EventData) and "type" in vars(member)


EVENT_TYPES: Mapping[CaseEventType, type[EventData]] = {
    each.type: each for noun in _NOUNS for each in vars(noun).values() if _declares_type(each)
}
"""All that the modules of the nouns declare."""

TABLES: tuple[ProjectedTable, ...] = (
    ALERT,
    SUBJECT,
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
    REPLY_TEXT,
)
"""Beside that of the cases themselves."""
