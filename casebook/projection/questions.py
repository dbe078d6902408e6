"""The open question of a case, with the first of two approvals."""

from collections.abc import Iterator
from typing import Literal

from casebook.projection.case_head import CaseHead
from casebook.projection.changes import Change, Delete, ProjectedTable, Update
from casebook.schema.approvals import ProposalRow
from casebook.schema.reviews import ReviewRow

REVIEW = ProjectedTable(ReviewRow, ("review_id",), body=None, parsed=("four_eyes_actions",))
PROPOSAL = ProjectedTable(ProposalRow, ("review_id",))


def end_open_review(case: CaseHead, status: Literal["superseded", "expired"]) -> Iterator[Change]:
    """Nobody is asked any more."""
    case.due_at = None
    case.end_snooze()
    yield Update(REVIEW, {"status": "open"}, {"status": status})
    yield Delete(PROPOSAL)
