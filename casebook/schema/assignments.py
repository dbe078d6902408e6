"""The tables of assignments: the managers' setting, and whose turn it is."""

from datetime import datetime

from sqlalchemy import BigInteger, Integer
from sqlalchemy.orm import Mapped, mapped_column

from casebook.schema.base import Base


class AssignmentSettingRow(Base, kw_only=True):
    """One row: how cases are assigned. Its changes are in the desk log."""

    __tablename__ = "assignment_setting"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger)
    rules: Mapped[str]
    """JSON object."""
    changed_by: Mapped[str | None] = mapped_column(default=None)
    changed_at: Mapped[datetime | None] = mapped_column(default=None)


class AssignmentTurnRow(Base, kw_only=True):
    """When somebody was assigned a case last; written with the event, and audited by it."""

    __tablename__ = "assignment_turn"

    subject: Mapped[str] = mapped_column(primary_key=True)
    last_seq: Mapped[int] = mapped_column(BigInteger)
    """`seq` of that `assigned`."""
