"""Reads a review from its row."""

import json

from casebook.schema.base import PlainRow
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
