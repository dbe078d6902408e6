"""The table of effects."""

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
)
from sqlalchemy.orm import Mapped, mapped_column

from casebook.schema.base import Base


class EffectRow(Base, kw_only=True):
    """One real-world effect under its idempotency key."""

    __tablename__ = "effect"
    __table_args__ = (Index("ix_effect_case_id_started_seq", "case_id", "started_seq"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("case.case_id"))
    action: Mapped[str]
    status: Mapped[str]
    started_seq: Mapped[int] = mapped_column(BigInteger)
    body: Mapped[str]
