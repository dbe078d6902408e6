"""The tables of the rule lab: back-tests, and which version of a rule raised which alert."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from casebook.schema.base import Base


class BackTestRow(Base, kw_only=True):
    """One back-test, from the order to what it found."""

    __tablename__ = "back_test"
    __table_args__ = (
        Index("ix_back_test_rule_id_requested_at", "rule_id", "requested_at"),
        Index(
            "ix_back_test_unfinished",
            "requested_at",
            sqlite_where=text("state IN ('queued', 'running')"),
            postgresql_where=text("state IN ('queued', 'running')"),
        ),
    )

    back_test_id: Mapped[str] = mapped_column(primary_key=True)
    rule_id: Mapped[str]
    version: Mapped[int]
    compared_with: Mapped[int]
    source: Mapped[str]
    """`BackTestSource` as JSON."""
    reason: Mapped[str]
    requested_by: Mapped[str]
    requested_at: Mapped[datetime]
    state: Mapped[str]
    started_at: Mapped[datetime | None] = mapped_column(default=None)
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    cancelled_by: Mapped[str | None] = mapped_column(default=None)
    rules_revision: Mapped[int | None] = mapped_column(BigInteger, default=None)
    events: Mapped[int] = mapped_column(BigInteger, default=0)
    reached_at: Mapped[datetime | None] = mapped_column(default=None)
    share: Mapped[float | None] = mapped_column(default=None)
    owner: Mapped[str | None] = mapped_column(default=None)
    """The process that runs it."""
    owned_until: Mapped[datetime | None] = mapped_column(default=None)
    problem: Mapped[str | None] = mapped_column(default=None)
    total: Mapped[str | None] = mapped_column(default=None)
    """`SideCounts` as JSON, so that a list need not read the result."""
    result: Mapped[str | None] = mapped_column(default=None)
    """`BackTestResult` as JSON."""


class RuleAlertRow(Base, kw_only=True):
    """Which version of a rule raised an alert: by what precision is counted. The alert itself is in `alert`."""

    __tablename__ = "rule_alert"
    __table_args__ = (
        Index("ix_rule_alert_rule_id_rule_version_recorded_at", "rule_id", "rule_version", "recorded_at"),
    )

    alert_id: Mapped[str] = mapped_column(primary_key=True)
    rule_id: Mapped[str]
    rule_version: Mapped[int]
    recorded_at: Mapped[datetime]
