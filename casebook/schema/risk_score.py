"""The tables of the learned risk score: its models, what they learn from, and how far that is."""

from datetime import datetime

from sqlalchemy import BigInteger, Double, Integer, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from casebook.schema.base import Base


class RiskModelRow(Base, kw_only=True):
    """One version of the model. It never changes; the one with the largest number follows all others."""

    __tablename__ = "risk_model"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    line: Mapped[int]
    """The version with which its line began."""
    may_alert: Mapped[bool]
    made_at: Mapped[datetime]
    effective_at: Mapped[datetime]
    frauds: Mapped[int] = mapped_column(BigInteger)
    others: Mapped[float] = mapped_column(Double)
    learned_until: Mapped[datetime | None] = mapped_column(default=None)
    made_by: Mapped[str | None] = mapped_column(default=None)
    """The manager who went back to an earlier version; null: the learner."""
    rolled_back_to: Mapped[int | None] = mapped_column(default=None)
    reason: Mapped[str]
    document: Mapped[bytes] = mapped_column(LargeBinary)
    """The model file, compressed by zlib."""


class RiskLearnerRow(Base, kw_only=True):
    """One row: what has been learned so far. Who changes it, or adds a model, holds its lock until the commit."""

    __tablename__ = "risk_learner"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(BigInteger)
    line: Mapped[int | None] = mapped_column(default=None)
    document: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)
    last_lesson: Mapped[int] = mapped_column(BigInteger)
    """The number of the newest lessons, learned or not."""


class RiskLessonRow(Base, kw_only=True):
    """Charges of a partition whose labels are known, until they are learned."""

    __tablename__ = "risk_lesson"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    body: Mapped[bytes] = mapped_column(LargeBinary)
