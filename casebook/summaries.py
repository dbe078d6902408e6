"""Rows of the case list as contracts: each with its open question, its claim and its first approval."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from casebook.claims import running_claim
from casebook.errors import CaseNotFound
from casebook.reviews import read_review
from casebook.tables import CaseRow, ReviewRow
from casebook.trust_tables import ProposalRow
from contracts.case import CaseSummary, Proposal
from contracts.review import ReviewRequest

_FROM_ROW = tuple(name for name in CaseSummary.model_fields if name in CaseRow.__table__.columns)


def summarise(session: Session, rows: Sequence[CaseRow], now: datetime) -> tuple[CaseSummary, ...]:
    """The rows, in two more statements however many there are."""
    if not rows:
        return ()
    cases = [row.case_id for row in rows]
    reviews = {
        row.case_id: read_review(row)
        for row in session.scalars(select(ReviewRow).where(ReviewRow.case_id.in_(cases), ReviewRow.status == "open"))
    }
    proposals = {
        row.case_id: Proposal.model_validate_json(row.body)
        for row in session.scalars(select(ProposalRow).where(ProposalRow.case_id.in_(cases)))
    }
    return tuple(_summary(row, reviews, proposals, now) for row in rows)


def read_summary(session: Session, case_id: str, now: datetime) -> CaseSummary:
    """One row of the case list. Raises CaseNotFound."""
    case = session.get(CaseRow, case_id)
    if case is None:
        raise CaseNotFound(case_id)
    (summary,) = summarise(session, [case], now)
    return summary


def _summary(
    row: CaseRow, reviews: Mapping[str, ReviewRequest], proposals: Mapping[str, Proposal], now: datetime
) -> CaseSummary:
    fields = {name: getattr(row, name) for name in _FROM_ROW}
    return CaseSummary.model_validate(
        fields
        | {
            "review": reviews.get(row.case_id),
            "claim": running_claim(row, now),
            "proposal": proposals.get(row.case_id),
        }
    )
