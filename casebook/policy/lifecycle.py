"""The lifecycle of a case as a table of legal transitions. Pure."""

from collections.abc import Mapping

from contracts.case import CaseState

MOVES: Mapping[CaseState, frozenset[CaseState]] = {
    # A new round begins where the last one ended in a rejection; `investigating` to itself is its first round.
    "investigating": frozenset({"investigating", "awaiting_review", "escalated", "closed"}),
    "awaiting_review": frozenset({"investigating", "awaiting_review", "escalated", "acting", "closed"}),
    "escalated": frozenset({"investigating", "escalated", "acting", "closed"}),
    # Back to a person: the store refused a part of what was approved, because the facts had changed.
    "acting": frozenset({"awaiting_review", "escalated", "acting", "closed"}),
    # A manager reopens a case that ended without what was asked about: `casebook/commands/reopenings.py`.
    "closed": frozenset({"investigating"}),
}
