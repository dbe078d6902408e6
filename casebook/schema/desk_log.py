"""The tables of the desk log."""

from datetime import datetime

from sqlalchemy import BigInteger, Integer
from sqlalchemy.orm import Mapped, mapped_column

from casebook.schema.base import Base


class DeskChangeRow(Base, kw_only=True):
    """One line of the append-only log of what belongs to no case."""

    __tablename__ = "desk_change"

    number: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    )
    at: Mapped[datetime]
    actor: Mapped[str]
    kind: Mapped[str]
    owner: Mapped[str | None] = mapped_column(default=None)
    name: Mapped[str]
    before: Mapped[str | None] = mapped_column(default=None)
    """JSON object."""
    after: Mapped[str | None] = mapped_column(default=None)
    """JSON object."""
    hash: Mapped[str]
    """Links it to the line before it: `casebook.case_log.desk_chain`."""


class DeskLogHead(Base, kw_only=True):
    """One row: the end of the desk log. Who appends holds its lock until the commit."""

    __tablename__ = "desk_log_head"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last_number: Mapped[int] = mapped_column(BigInteger)
    last_hash: Mapped[str | None] = mapped_column(default=None)
