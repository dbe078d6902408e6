"""The tables of cases and of their alerts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnClause,
    ColumnElement,
    Double,
    ForeignKey,
    Index,
    column,
    literal_column,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeEngine

from casebook.schema.base import Base, UtcTimestamp


@dataclass(frozen=True)
class NullsLast:
    """What the database makes of a column that lists are sorted by: two columns that are never null.

    Cases without a value come last, upwards and downwards. Both columns are generated and have indexes; nobody writes
    or reads them, and so no class has them. An expression index would do, but SQLite compares no pair with one.
    """

    name: str
    below: str
    """An SQL literal less than any value, in every database: SQLite keeps moments as text."""
    above: str
    kind: TypeEngine[Any]

    def key(self, *, descending: bool = False) -> ColumnClause[Any]:
        """The column to sort by."""
        return column(f"{self.name}_{'descending' if descending else 'ascending'}", self.kind)

    def missing(self, *, descending: bool = False) -> ColumnElement[Any]:
        """What it holds for a case without a value."""
        return literal_column(self.below if descending else self.above)


DUE = NullsLast("due", "'0001-01-01 00:00:00+00'", "'9999-12-31 23:59:59.999999+00'", UtcTimestamp())
SCORE = NullsLast("score", "-1", "2", Double())


class CaseRow(Base, kw_only=True):
    """The state of a case: all that a list shows, updated by the transaction that changes it."""

    __tablename__ = "case"
    __table_args__ = (
        Index("ix_case_opened_seq", "opened_seq", unique=True),
        Index("ix_case_state_opened_seq", "state", "opened_seq"),
        # One pair per order of the case list: of all cases, and of those in one state. Those of `NullsLast` are in the
        # migration only, as their columns are.
        Index("ix_case_last_seq", "last_seq"),
        Index("ix_case_state_last_seq", "state", "last_seq"),
        # And what few cases have in common.
        Index("ix_case_customer_id_opened_seq", "customer_id", "opened_seq"),
        Index("ix_case_rule_id_opened_seq", "rule_id", "opened_seq"),
        Index("ix_case_kind_opened_seq", "kind", "opened_seq"),
        Index("ix_case_kind_state_opened_seq", "kind", "state", "opened_seq"),
        Index("ix_case_outcome_opened_seq", "outcome", "opened_seq"),
        Index("ix_case_disposition_opened_seq", "disposition", "opened_seq"),
        Index(
            "ix_case_open_customer",
            "customer_id",
            "opened_seq",
            sqlite_where=text("state <> 'closed'"),
            postgresql_where=text("state <> 'closed'"),
        ),
        Index(
            "ix_case_follows",
            "follows",
            "opened_seq",
            sqlite_where=text("follows IS NOT NULL"),
            postgresql_where=text("follows IS NOT NULL"),
        ),
        Index(
            "ix_case_legal_hold",
            "legal_hold_since",
            sqlite_where=text("legal_hold_since IS NOT NULL"),
            postgresql_where=text("legal_hold_since IS NOT NULL"),
        ),
        Index(
            "ix_case_claimed",
            "assignee",
            "opened_seq",
            sqlite_where=text("assignee IS NOT NULL"),
            postgresql_where=text("assignee IS NOT NULL"),
        ),
        # Two more, by deadline: of the cases of one person, and of those in the pool. See `NullsLast`.
        Index(
            "ix_case_assigned",
            "assigned_to",
            "opened_seq",
            sqlite_where=text("assigned_to IS NOT NULL"),
            postgresql_where=text("assigned_to IS NOT NULL"),
        ),
        Index(
            "ix_case_snoozed",
            "snoozed_until",
            "opened_seq",
            sqlite_where=text("snoozed_until IS NOT NULL"),
            postgresql_where=text("snoozed_until IS NOT NULL"),
        ),
        # What is purged one day, the oldest first.
        Index(
            "ix_case_closed",
            "kind",
            "last_seq",
            sqlite_where=text("state = 'closed'"),
            postgresql_where=text("state = 'closed'"),
        ),
        Index(
            "ix_case_unscheduled",
            "opened_seq",
            sqlite_where=text("scheduled_at IS NULL"),
            postgresql_where=text("scheduled_at IS NULL"),
        ),
    )

    case_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(server_default="fraud")
    alert_id: Mapped[str | None] = mapped_column(unique=True, default=None)
    """Of the alert that opened it, if one did; what lists show of it is this alert's, but for the severity."""
    customer_id: Mapped[int | None] = mapped_column(BigInteger, default=None)
    alert_type: Mapped[str | None] = mapped_column(default=None)
    severity: Mapped[str]
    """The worst of its alerts."""
    description: Mapped[str]
    source: Mapped[str | None] = mapped_column(default=None)
    state: Mapped[str]
    phase: Mapped[str]
    round: Mapped[int]
    specialists: Mapped[str]
    """JSON object: specialist → state, of the current round."""
    risk_score: Mapped[float | None] = mapped_column(default=None)
    risk_level: Mapped[str | None] = mapped_column(default=None)
    outcome: Mapped[str | None] = mapped_column(default=None)
    due_at: Mapped[datetime | None] = mapped_column(default=None)
    opened_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    scheduled_at: Mapped[datetime | None] = mapped_column(default=None)
    opened_seq: Mapped[int] = mapped_column(BigInteger)
    """`seq` of its `case_opened`: unique and growing, what lists are sorted by."""
    last_seq: Mapped[int] = mapped_column(BigInteger)
    last_hash: Mapped[str | None] = mapped_column(default=None)
    journal_entries: Mapped[int] = mapped_column(default=0, server_default="0")
    """How many entries its journal of model calls has."""
    journal_hash: Mapped[str | None] = mapped_column(default=None)
    """Hash of the last of them."""
    """Hash of its newest event: the next one links to it, and a cut-off tail is noticed."""
    rule_id: Mapped[str | None] = mapped_column(default=None)
    recommended_action: Mapped[str | None] = mapped_column(default=None)
    """By the assessment of the current round."""
    disposition: Mapped[str | None] = mapped_column(default=None)
    """Of the last decision."""
    priority: Mapped[int] = mapped_column(server_default=text("2"))
    """Of its severity, as `casebook.policy.priority` numbers it."""
    assignee: Mapped[str | None] = mapped_column(default=None)
    claimed_at: Mapped[datetime | None] = mapped_column(default=None)
    claim_expires_at: Mapped[datetime | None] = mapped_column(default=None)
    """When the claim expires."""
    assigned_to: Mapped[str | None] = mapped_column(default=None)
    """Whose it is while it is open; null: it is in the pool."""
    assigned_by: Mapped[str | None] = mapped_column(default=None)
    assigned_at: Mapped[datetime | None] = mapped_column(default=None)
    snoozed_until: Mapped[datetime | None] = mapped_column(default=None)
    """Until when it is left out of the queue; what has passed counts as null."""
    snoozed_by: Mapped[str | None] = mapped_column(default=None)
    snoozed_until_activity: Mapped[bool | None] = mapped_column(default=None)
    legal_hold_by: Mapped[str | None] = mapped_column(default=None)
    """Who says that nothing of it may be purged or erased; null: nobody does."""
    legal_hold_since: Mapped[datetime | None] = mapped_column(default=None)
    legal_hold_reason: Mapped[str | None] = mapped_column(default=None)
    alert_count: Mapped[int] = mapped_column(default=1, server_default="1")
    """How many alerts it has."""
    follows: Mapped[str | None] = mapped_column(default=None)
    """The customer's case before it, which could not take its alert."""
    alert_changes: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often an alert joined it or was detached, since it was opened."""
    merged_into: Mapped[str | None] = mapped_column(default=None)
    """The case that it has become a part of."""


class AlertRow(Base, kw_only=True):
    """An alert of a case, word for word. Apart from `case`, so that a case's many updates do not rewrite it."""

    __tablename__ = "alert"
    __table_args__ = (
        Index("ix_alert_case_id_recorded_seq", "case_id", "recorded_seq"),
        Index(
            "ix_alert_home",
            "alert_id",
            unique=True,
            sqlite_where=text("moved_to IS NULL"),
            postgresql_where=text("moved_to IS NULL"),
        ),
        Index(
            "ix_alert_moved",
            "alert_id",
            sqlite_where=text("moved_to IS NOT NULL"),
            postgresql_where=text("moved_to IS NOT NULL"),
        ),
    )

    case_id: Mapped[str] = mapped_column(ForeignKey("case.case_id"), primary_key=True)
    alert_id: Mapped[str] = mapped_column(primary_key=True)
    recorded_seq: Mapped[int] = mapped_column(BigInteger, unique=True)
    """`seq` of the event that put it on record: its case was opened, or it joined one."""
    moved_to: Mapped[str | None] = mapped_column(default=None)
    """The case that has it now; null: this one. An alert is in one case at a time."""
    body: Mapped[str]


class SubjectRow(Base, kw_only=True):
    """What a case is about that has no alerts, word for word."""

    __tablename__ = "subject"

    case_id: Mapped[str] = mapped_column(ForeignKey("case.case_id"), primary_key=True)
    subject_id: Mapped[str]
    recorded_seq: Mapped[int] = mapped_column(BigInteger, unique=True)
    """`seq` of the event that opened the case."""
    body: Mapped[str]
