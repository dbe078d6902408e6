"""The table of grants."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from casebook.schema.base import Base


class GrantRow(Base, kw_only=True):
    """What the backend signed for one effect; the key that signs is nowhere in the casebook."""

    __tablename__ = "effect_grant"
    __table_args__ = (Index("ix_effect_grant_case_id", "case_id"), Index("ix_effect_grant_expires_at", "expires_at"))

    key: Mapped[str] = mapped_column(primary_key=True)
    """The key of the effect, which may not have begun yet."""
    case_id: Mapped[str] = mapped_column(ForeignKey("case.case_id"))
    granted: Mapped[str]
    """Hash of what it allows, and of who signed it: a later approval may allow something else under the same key."""
    expires_at: Mapped[datetime]
    text: Mapped[str]
