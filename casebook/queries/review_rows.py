"""Reads reviews from their rows."""

import json

from sqlalchemy import Connection, bindparam, select

from casebook.schema.base import PlainRow, table_of
from casebook.schema.reviews import ReviewRow
from contracts.review import ReviewRequest

ASKED = (
    "review_id",
    "assessment_hash",
    "opened_at",
    "due_at",
    "required_role",
    "approvals_required",
    "four_eyes_actions",
    "remind_at",
)
"""The columns of a row that its question needs."""

_REVIEWS = table_of(ReviewRow)
_OPEN = select(*(_REVIEWS.c[name] for name in ASKED)).where(
    _REVIEWS.c.case_id == bindparam("of_case"), _REVIEWS.c.status == "open"
)


def open_question(connection: Connection, case_id: str) -> ReviewRequest | None:
    """What is being asked about a case; None when nobody is asked."""
    row = connection.execute(_OPEN, {"of_case": case_id}).first()
    return None if row is None else read_review(row)


def read_review(row: PlainRow) -> ReviewRequest:
    """The question that the row asks."""
    return ReviewRequest.model_validate(
        {
            "review_id": row.review_id,
            "assessment_hash": row.assessment_hash,
            "opened_at": row.opened_at,
            "due_at": row.due_at,
            "required_role": row.required_role,
            "approvals_required": row.approvals_required,
            "four_eyes_actions": None if row.four_eyes_actions is None else tuple(json.loads(row.four_eyes_actions)),
            "remind_at": row.remind_at,
        }
    )
