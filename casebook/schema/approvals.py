"""The tables of first approvals and of reversals."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from casebook.schema.base import Base


class ProposalRow(Base, kw_only=True):
    """A first approval that waits for a second person's. Its primary key is the review's: there is never a second."""

    __tablename__ = "proposal"

    review_id: Mapped[str] = mapped_column(ForeignKey("review.review_id"), primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("case.case_id"), unique=True)
    proposed_by: Mapped[str]
    action: Mapped[str]
    proposed_seq: Mapped[int] = mapped_column(BigInteger)
    """`seq` of its `approval_given`."""
    body: Mapped[str]


class ReversalRow(Base, kw_only=True):
    """One request to reverse an effect. An effect has at most one that is not refused or failed."""

    __tablename__ = "reversal"
    __table_args__ = (
        Index("ix_reversal_case_id_requested_seq", "case_id", "requested_seq"),
        # Whoever deletes an effect looks for all that undo it.
        Index("ix_reversal_undoes", "undoes"),
        Index(
            "ix_reversal_standing",
            "undoes",
            unique=True,
            sqlite_where=text("status IN ('requested', 'approved', 'done')"),
            postgresql_where=text("status IN ('requested', 'approved', 'done')"),
        ),
        Index(
            "ix_reversal_approved",
            "case_id",
            sqlite_where=text("status = 'approved'"),
            postgresql_where=text("status = 'approved'"),
        ),
        Index(
            "ix_reversal_unscheduled",
            "requested_seq",
            sqlite_where=text("status = 'approved' AND scheduled_at IS NULL"),
            postgresql_where=text("status = 'approved' AND scheduled_at IS NULL"),
        ),
    )

    reversal_id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("case.case_id"))
    action: Mapped[str]
    undoes: Mapped[str] = mapped_column(ForeignKey("effect.key"))
    status: Mapped[str]
    requested_seq: Mapped[int] = mapped_column(BigInteger)
    """`seq` of its `reversal_requested`."""
    scheduled_at: Mapped[datetime | None] = mapped_column(default=None)
    """When its orchestration was confirmed scheduled; null: it must still be, once it is approved."""
    body: Mapped[str]
