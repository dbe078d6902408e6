"""Rows of the case list as contracts: each with its open question, its claim and its first approval."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter

from sqlalchemy import Connection, bindparam, select

from casebook.errors import CaseNotFound
from casebook.queries.assignments import ASSIGNMENT, current_assignment
from casebook.queries.claims import running_claim
from casebook.queries.holds import holds_of
from casebook.queries.legal_holds import LEGAL_HOLD, current_legal_hold
from casebook.queries.review_rows import ASKED, read_review
from casebook.queries.snoozes import SNOOZE, current_snooze
from casebook.schema.approvals import ProposalRow, ReversalRow
from casebook.schema.base import PlainRow, table_of
from casebook.schema.cases import CaseRow
from casebook.schema.reviews import ReviewRow
from contracts.case import CaseSummary, Proposal
from contracts.hold import Hold
from contracts.review import ReviewRequest

_FROM_ROW = tuple(name for name in CaseSummary.model_fields if name in CaseRow.__table__.columns)
_values = attrgetter(*_FROM_ROW)

SUMMARISED = (*_FROM_ROW, "assignee", "claimed_at", "claim_expires_at", *ASSIGNMENT, *SNOOZE, *LEGAL_HOLD)
"""The columns of a case that its summary needs."""

_CASES = table_of(CaseRow).c
_CASE = select(*(_CASES[name] for name in SUMMARISED)).where(_CASES.case_id == bindparam("case_id"))
_REVIEW, _PROPOSAL = table_of(ReviewRow).c, table_of(ProposalRow).c
_OPEN_REVIEWS = select(_REVIEW.case_id, *(_REVIEW[name] for name in ASKED)).where(_REVIEW.status == "open")
_REVERSAL = table_of(ReversalRow).c
_REVERSED = (
    select(_REVERSAL.case_id, _REVERSAL.action).where(_REVERSAL.status == "done").order_by(_REVERSAL.requested_seq)
)
_PROPOSALS = select(_PROPOSAL.case_id, _PROPOSAL.body)


def summarise(connection: Connection, rows: Sequence[PlainRow], now: datetime) -> tuple[CaseSummary, ...]:
    """Rows with at least the columns `SUMMARISED`, in at most four more statements however many there are."""
    if not rows:
        return ()
    cases = [row.case_id for row in rows]
    reviews = {
        row.case_id: read_review(row) for row in connection.execute(_OPEN_REVIEWS.where(_REVIEW.case_id.in_(cases)))
    }
    proposals = {
        case_id: Proposal.model_validate_json(body)
        for case_id, body in connection.execute(_PROPOSALS.where(_PROPOSAL.case_id.in_(cases)))
    }
    # Of a case that is decided, and in which nothing has begun, nobody is asked.
    decided = [row.case_id for row in rows if row.due_at is None and row.state in ("awaiting_review", "escalated")]
    holds = holds_of(connection, decided, now) if decided else {}
    reversed_of: dict[str, list[str]] = {}
    for case_id, action in connection.execute(_REVERSED.where(_REVERSAL.case_id.in_(cases))):
        reversed_of.setdefault(case_id, []).append(action)
    return tuple(_summary(row, reviews, proposals, holds, reversed_of, now) for row in rows)


def read_summary(connection: Connection, case_id: str, now: datetime) -> CaseSummary:
    """One row of the case list. Raises CaseNotFound."""
    case = connection.execute(_CASE, {"case_id": case_id}).first()
    if case is None:
        raise CaseNotFound(case_id)
    (summary,) = summarise(connection, [case], now)
    return summary


def _summary(
    row: PlainRow,
    reviews: Mapping[str, ReviewRequest],
    proposals: Mapping[str, Proposal],
    holds: Mapping[str, Hold],
    reversed_of: Mapping[str, Sequence[str]],
    now: datetime,
) -> CaseSummary:
    fields = dict(zip(_FROM_ROW, _values(row), strict=True))
    return CaseSummary.model_validate(
        fields
        | {
            "review": reviews.get(row.case_id),
            "claim": running_claim(row, now),
            "assignment": current_assignment(row),
            "snooze": current_snooze(row, now),
            "legal_hold": current_legal_hold(row),
            "proposal": proposals.get(row.case_id),
            "hold": holds.get(row.case_id),
            "reversed": tuple(reversed_of.get(row.case_id, ())),
        }
    )
