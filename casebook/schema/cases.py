"""The tables. Large records are JSON text written by pydantic; what is searched or sorted by has its own column."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias, cast

from sqlalchemy import (
    BigInteger,
    ColumnClause,
    ColumnElement,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Row,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    column,
    literal_column,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column
from sqlalchemy.types import TypeEngine

from casebook.errors import UnstorableText

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcTimestamp(TypeDecorator[datetime]):
    """A point in time, always UTC, to the microsecond; SQLite keeps it as text that sorts by time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A point in time needs an offset: use datetime.now(UTC), never a naive datetime.")
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class StorableText(TypeDecorator[str]):
    """Text that every database can keep. PostgreSQL knows no NUL, so none is written or asked for anywhere."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 the base's
        if value is not None and "\0" in value:
            raise UnstorableText
        return value


class Base(MappedAsDataclass, DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {str: StorableText(), datetime: UtcTimestamp()}  # noqa: RUF012 - SQLAlchemy reads it as declared


PlainRow: TypeAlias = Row[*tuple[Any, ...]]
"""Columns under their names, and no object to keep track of: where many rows are only read."""


def table_of(row: type[Base]) -> Table[Any]:
    """The table behind a class, for statements that need no objects."""
    return cast("Table[Any]", row.__table__)


class LogHead(Base, kw_only=True):
    """One row: the last `seq` that was given out.

    Every appending transaction updates it and so holds its row lock until it commits. That makes the
    order of `seq` the order of commits on every database: a reader never sees a smaller one appear later.
    """

    __tablename__ = "log_head"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last_seq: Mapped[int] = mapped_column(BigInteger)


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
    """Where a case stands: all that a list shows, kept up to date by the transaction that changes it."""

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
        Index("ix_case_outcome_opened_seq", "outcome", "opened_seq"),
        Index("ix_case_disposition_opened_seq", "disposition", "opened_seq"),
        Index(
            "ix_case_claimed",
            "assignee",
            "opened_seq",
            sqlite_where=text("assignee IS NOT NULL"),
            postgresql_where=text("assignee IS NOT NULL"),
        ),
        Index(
            "ix_case_unscheduled",
            "opened_seq",
            sqlite_where=text("scheduled_at IS NULL"),
            postgresql_where=text("scheduled_at IS NULL"),
        ),
    )

    case_id: Mapped[str] = mapped_column(primary_key=True)
    alert_id: Mapped[str] = mapped_column(unique=True)
    customer_id: Mapped[int] = mapped_column(BigInteger)
    alert_type: Mapped[str]
    severity: Mapped[str]
    description: Mapped[str]
    source: Mapped[str]
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
    """From then on the case is anybody's, whoever claimed it."""


class AlertRow(Base, kw_only=True):
    """The alert of a case, word for word. Apart from `case`, so that a case's many updates do not rewrite it."""

    __tablename__ = "alert"

    alert_id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("case.case_id"), unique=True)
    opened_seq: Mapped[int] = mapped_column(BigInteger, unique=True)
    body: Mapped[str]


class RoundRow(Base, kw_only=True):
    """One round of a case and what was concluded in it."""

    __tablename__ = "round"

    case_id: Mapped[str] = mapped_column(ForeignKey("case.case_id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    started_at: Mapped[datetime]
    assessment_hash: Mapped[str | None] = mapped_column(default=None)
    assessment: Mapped[str | None] = mapped_column(default=None)


class ReportRow(Base, kw_only=True):
    """One specialist's report of one round."""

    __tablename__ = "report"
    __table_args__ = (ForeignKeyConstraint(["case_id", "round"], ["round.case_id", "round.round"]),)

    case_id: Mapped[str] = mapped_column(primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    specialist: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str]
    risk_score: Mapped[float | None]
    saved_at: Mapped[datetime]
    body: Mapped[str]


class EvidenceRow(Base, kw_only=True):
    """What one tool call answered, word for word."""

    __tablename__ = "evidence"

    case_id: Mapped[str] = mapped_column(ForeignKey("case.case_id"), primary_key=True)
    evidence_id: Mapped[str] = mapped_column(primary_key=True)
    round: Mapped[int]
    specialist: Mapped[str]
    body: Mapped[str]


class ReviewRow(Base, kw_only=True):
    """One round's question to a person. A case has at most one open."""

    __tablename__ = "review"
    __table_args__ = (
        UniqueConstraint("case_id", "round"),
        Index(
            "ix_review_open",
            "case_id",
            unique=True,
            sqlite_where=text("status = 'open'"),
            postgresql_where=text("status = 'open'"),
        ),
        ForeignKeyConstraint(["case_id", "round"], ["round.case_id", "round.round"]),
    )

    review_id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str]
    round: Mapped[int]
    status: Mapped[str]
    """`open`, `decided`, `superseded` (a new round began unasked) or `expired` (nobody answered in time)."""
    assessment_hash: Mapped[str]
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime]
    required_role: Mapped[str]
    approvals_required: Mapped[int]
    escalation_reason: Mapped[str | None] = mapped_column(default=None)
    four_eyes_actions: Mapped[str | None] = mapped_column(default=None)
    """JSON list of the actions that need two people; null when the review was asked without a policy."""
    remind_at: Mapped[datetime | None] = mapped_column(default=None)


class DecisionRow(Base, kw_only=True):
    """The answer to a review: its primary key is the review's, so there is never a second one."""

    __tablename__ = "decision"
    __table_args__ = (
        Index("ix_decision_case_id_accepted_seq", "case_id", "accepted_seq"),
        Index(
            "ix_decision_undelivered",
            "accepted_seq",
            sqlite_where=text("delivered_at IS NULL"),
            postgresql_where=text("delivered_at IS NULL"),
        ),
    )

    review_id: Mapped[str] = mapped_column(ForeignKey("review.review_id"), primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("case.case_id"))
    round: Mapped[int]
    verdict: Mapped[str]
    action: Mapped[str | None]
    accepted_seq: Mapped[int] = mapped_column(BigInteger)
    delivered_at: Mapped[datetime | None] = mapped_column(default=None)
    """When the orchestration was told; null: it must still be."""
    body: Mapped[str]


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


class CaseEventRow(Base, kw_only=True):
    """One line of the append-only log. `dedupe_key` names the step, so that a repeated step adds no second line."""

    __tablename__ = "case_event"
    __table_args__ = (
        UniqueConstraint("case_id", "dedupe_key"),
        Index("ix_case_event_case_id_seq", "case_id", "seq"),
    )

    seq: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    )
    case_id: Mapped[str] = mapped_column(ForeignKey("case.case_id"))
    type: Mapped[str]
    at: Mapped[datetime]
    actor: Mapped[str]
    data: Mapped[str]
    prev_hash: Mapped[str | None]
    hash: Mapped[str]
    dedupe_key: Mapped[str]


class ModelCallRow(Base, kw_only=True):
    """A model's answer that has been paid for, kept so that a restarted step asks nothing twice."""

    __tablename__ = "model_call"

    case_id: Mapped[str] = mapped_column(ForeignKey("case.case_id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    response: Mapped[str]
    recorded_at: Mapped[datetime]
    number: Mapped[int] = mapped_column(server_default="0")
    """Its place in the journal of its case, from 1 on."""
    use: Mapped[str | None] = mapped_column(default=None)
    """What it cost: `contracts.spend.ModelUse` as JSON."""
    hash: Mapped[str] = mapped_column(server_default="unlinked")
    """Links it to the one before it: `casebook.case_log.call_chain`."""
