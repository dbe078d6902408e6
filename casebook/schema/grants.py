"""The table of grants."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from casebook.schema.base import Base


class GrantRow(Base, kw_only=True):
    """What the backend signed for one effect; the key that signs is nowhere in the casebook."""

    __tablename__ = "effect_grant"
    __table_args__ = (Index("ix_effect_grant_case_id", "case_id"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    """The key of the effect, which may not have begun yet."""
    case_id: Mapped[str] = mapped_column(ForeignKey("case.case_id"))
    granted: Mapped[str]
    """Hash of what it allows, and of its text: a later approval may allow something else under the same key."""
    approval: Mapped[str]
    """The review or the reversal that was approved."""
    key_id: Mapped[str]
    """Which key signed it."""
    expires_at: Mapped[datetime]
    text: Mapped[str]
