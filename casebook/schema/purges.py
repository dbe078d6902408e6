"""The tables of what was purged. They hold ids, times and hashes, and nothing that anybody wrote."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from casebook.schema.base import Base


class PurgedCaseRow(Base, kw_only=True):
    """The tombstone of a case. It never changes, but for `words_left`, and is never deleted."""

    __tablename__ = "purged_case"
    __table_args__ = (
        Index(
            "ix_purged_case_words_left",
            "purged_at",
            sqlite_where=text("words_left"),
            postgresql_where=text("words_left"),
        ),
    )

    case_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime]
    last_event_at: Mapped[datetime]
    """What is kept for so many days is kept from then on."""
    outcome: Mapped[str | None] = mapped_column(default=None)
    events: Mapped[int]
    """How many its log had."""
    last_seq: Mapped[int] = mapped_column(BigInteger)
    last_hash: Mapped[str]
    log_hash: Mapped[str]
    """Over the numbers and hashes of all its events, which `purged_event` keeps."""
    alerts_hash: Mapped[str]
    """Over the ids of its alerts, which `purged_alert` keeps."""
    purged_at: Mapped[datetime]
    kept_days: Mapped[int]
    """The setting by which it was purged."""
    words_left: Mapped[bool] = mapped_column(server_default=text("true"))
    """Whether the pages of the full-text index may still hold words of it."""


class RetentionRow(Base, kw_only=True):
    """When what is old was last deleted: one row. It tells a clock that jumped from time that has passed."""

    __tablename__ = "retention"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    swept_at: Mapped[datetime | None] = mapped_column(default=None)
    """By whom deletes; null before the first time."""
    deletes_from: Mapped[datetime | None] = mapped_column(default=None)
    """Nothing is deleted before."""
    merging_since: Mapped[datetime | None] = mapped_column(default=None)
    """Of the full-text index, all of which is being merged; null: it is not. Cases purged since have words left."""


class PurgedEventRow(Base, kw_only=True):
    """The number and the hash of an event of a purged case: the digest of the whole log is made of them."""

    __tablename__ = "purged_event"
    __table_args__ = (Index("ix_purged_event_case_id_seq", "case_id", "seq"),)

    seq: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    )
    case_id: Mapped[str]
    hash: Mapped[str]


class PurgedAlertRow(Base, kw_only=True):
    """An alert of a purged case: it opens no other one."""

    __tablename__ = "purged_alert"
    __table_args__ = (Index("ix_purged_alert_case_id", "case_id"),)

    alert_id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str]
