"""The tables of rounds, reports and evidence."""

from datetime import datetime

from sqlalchemy import (
    ForeignKey,
    ForeignKeyConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from casebook.schema.base import Base


class RoundRow(Base, kw_only=True):
    """One round of a case and what was concluded in it."""

    __tablename__ = "round"

    case_id: Mapped[str] = mapped_column(ForeignKey("case.case_id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    started_at: Mapped[datetime]
    assessment_hash: Mapped[str | None] = mapped_column(default=None)
    assessment: Mapped[str | None] = mapped_column(default=None)


class ReportRow(Base, kw_only=True):
    """One specialist's report of one round."""

    __tablename__ = "report"
    __table_args__ = (ForeignKeyConstraint(["case_id", "round"], ["round.case_id", "round.round"]),)

    case_id: Mapped[str] = mapped_column(primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    specialist: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str]
    risk_score: Mapped[float | None]
    saved_at: Mapped[datetime]
    body: Mapped[str]


class EvidenceRow(Base, kw_only=True):
    """What one tool call answered, word for word."""

    __tablename__ = "evidence"

    case_id: Mapped[str] = mapped_column(ForeignKey("case.case_id"), primary_key=True)
    evidence_id: Mapped[str] = mapped_column(primary_key=True)
    round: Mapped[int]
    specialist: Mapped[str]
    body: Mapped[str]
