"""The parameters of the case list: filters, sort order, search words."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from contracts.assessment import RiskLevel
from contracts.base import Contract, Score, UtcDateTime
from contracts.case import CaseState
from contracts.kinds import CaseKind, CaseOutcome
from contracts.review import Disposition
from contracts.severity import Severity

CaseSort = Literal["opened", "-opened", "updated", "-updated", "due", "-due", "score", "-score"]
"""`-` before a name: the greatest first. Cases without a due time or score come last either way."""

ME = "me"
NOBODY = "none"

Assignee = Annotated[str, Field(min_length=1, max_length=200)]
ShortText = Annotated[str, Field(min_length=1, max_length=200)]
Hours = Annotated[int, Field(ge=1, le=10_000)]
"""A span that ends or begins now, so that a query which is kept stays true."""


class CaseQuery(Contract):
    """Which cases, in which order. A filter that is left out lets every case through."""

    kind: CaseKind | None = None
    state: tuple[CaseState, ...] = ()
    """Any of these."""
    min_score: Score | None = None
    max_score: Score | None = None
    risk_level: RiskLevel | None = None
    rule: ShortText | None = None
    customer_id: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    assignee: Assignee | None = None
    """A subject id, `me`, or `none` for cases that nobody works on."""
    assigned_to: Assignee | None = None
    """Whose they are: a subject id, `me`, or `none` for those in the pool."""
    snoozed: bool | None = None
    """True: only cases that are snoozed now. False: only others."""
    legal_hold: bool | None = None
    """True: only cases under a legal hold. False: only others."""
    severity: Severity | None = None
    outcome: CaseOutcome | None = None
    disposition: Disposition | None = None
    opened_after: UtcDateTime | None = None
    opened_before: UtcDateTime | None = None
    opened_within_hours: Hours | None = None
    """Opened in the last so many hours."""
    opened_over_hours: Hours | None = None
    """Opened longer ago than this."""
    due_before: UtcDateTime | None = None
    due_within_hours: Hours | None = None
    """Due in the next so many hours, or overdue."""
    overdue: bool | None = None
    """True: only cases whose deadline has passed. False: only others."""
    q: ShortText | None = None
    """Words that the description or a note has; each matches the beginning of a word if it has three letters."""
    sort: CaseSort = "-opened"


class QueueCounts(Contract):
    """How many cases there are, by what people sort them by."""

    states: Mapping[CaseState, int]
    overdue: int
    """Waiting for a person, past the deadline."""
    unclaimed: int
    """Waiting for a person, without an assignee, and not snoozed."""
    mine: int
    """Claimed by who asks."""
    assigned: int
    """Assigned to who asks."""
    snoozed: Mapping[CaseState, int]
    """Those of `states` that are snoozed."""


class SavedView(Contract):
    """A query of the case list that a person keeps."""

    name: ShortText
    query: CaseQuery
    saved_at: UtcDateTime
    owner: str
    """The subject id of the person; nobody else changes it."""
    shared: bool
    """Whether everybody sees it."""
