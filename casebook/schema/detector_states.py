"""The tables of what detection knows, as far as it has been saved: beside the place in the telemetry that it is of."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from casebook.schema.base import Base


class DetectorPositionRow(Base, kw_only=True):
    """How far a partition of a source has been judged. One process judges it at a time: the last that took it."""

    __tablename__ = "detector_position"

    source: Mapped[str] = mapped_column(primary_key=True)
    partition: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    """The process that judges it: what another saves is refused."""
    position: Mapped[int | None] = mapped_column(BigInteger, default=None)
    """All events up to it are in the states or held."""
    held: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    """Events up to the position that wait for others which happened before them."""
    saved_at: Mapped[datetime | None] = mapped_column(default=None)


class DetectorStateRow(Base, kw_only=True):
    """What is known of a customer or an address of a partition, at the partition's position."""

    __tablename__ = "detector_state"
    __table_args__ = (Index("ix_detector_state_saved", "source", "partition", "saved_at"),)

    source: Mapped[str] = mapped_column(primary_key=True)
    partition: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[bytes] = mapped_column(LargeBinary)
    saved_at: Mapped[datetime]
