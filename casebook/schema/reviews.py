"""The tables of reviews and decisions."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from casebook.schema.base import Base


class ReviewRow(Base, kw_only=True):
    """One round's question to a person. A case has at most one open."""

    __tablename__ = "review"
    __table_args__ = (
        UniqueConstraint("case_id", "round"),
        Index(
            "ix_review_open",
            "case_id",
            unique=True,
            sqlite_where=text("status = 'open'"),
            postgresql_where=text("status = 'open'"),
        ),
        ForeignKeyConstraint(["case_id", "round"], ["round.case_id", "round.round"]),
    )

    review_id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str]
    round: Mapped[int]
    status: Mapped[str]
    """`open`, `decided`, `superseded` (a new round began unasked) or `expired` (nobody answered in time)."""
    assessment_hash: Mapped[str]
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime]
    required_role: Mapped[str]
    approvals_required: Mapped[int]
    escalation_reason: Mapped[str | None] = mapped_column(default=None)
    four_eyes_actions: Mapped[str | None] = mapped_column(default=None)
    """JSON list of the actions that need two people; null when the review was asked without a policy."""
    remind_at: Mapped[datetime | None] = mapped_column(default=None)


class DecisionRow(Base, kw_only=True):
    """The answer to a review: its primary key is the review's, so there is never a second one."""

    __tablename__ = "decision"
    __table_args__ = (
        Index("ix_decision_case_id_accepted_seq", "case_id", "accepted_seq"),
        Index(
            "ix_decision_undelivered",
            "accepted_seq",
            sqlite_where=text("delivered_at IS NULL"),
            postgresql_where=text("delivered_at IS NULL"),
        ),
        Index(
            "ix_decision_on_hold",
            "on_hold_until",
            sqlite_where=text("on_hold_until IS NOT NULL"),
            postgresql_where=text("on_hold_until IS NOT NULL"),
        ),
    )

    review_id: Mapped[str] = mapped_column(ForeignKey("review.review_id"), primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("case.case_id"))
    round: Mapped[int]
    verdict: Mapped[str]
    action: Mapped[str | None]
    accepted_seq: Mapped[int] = mapped_column(BigInteger)
    delivered_at: Mapped[datetime | None] = mapped_column(default=None)
    """When the scheduler acknowledged the delivery; null: not yet."""
    on_hold_until: Mapped[datetime | None] = mapped_column(default=None)
    """Until when it can be taken back; null once its hold has ended on record, or where it never had one."""
    body: Mapped[str]
