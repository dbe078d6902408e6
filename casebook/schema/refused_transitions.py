"""The table of refused transitions: steps that nothing on record justified."""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from casebook.schema.base import Base


class RefusedTransitionRow(Base, kw_only=True):
    """One kind of refusal in one case, however often it was tried: a flood of attempts adds no rows."""

    __tablename__ = "refused_transition"

    case_id: Mapped[str] = mapped_column(primary_key=True)
    """Empty for unknown cases: invented ids add no rows."""
    reason: Mapped[str] = mapped_column(primary_key=True)
    """The id of the error."""
    attempts: Mapped[int] = mapped_column(BigInteger)
    sentence: Mapped[str]
    """Of the last attempt."""
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
