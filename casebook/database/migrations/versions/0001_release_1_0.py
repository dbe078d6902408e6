"""Every table of release 1.0.

Follows: nothing, it is the first.
"""

from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_cases()
    _create_rounds()
    _create_workspace()
    _create_models()
    _create_others()
    _create_search()


def _sequence() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _generated(name: str, kind: sa.types.TypeEngine[Any], made_of: str) -> sa.Column[Any]:
    return sa.Column(name, kind, sa.Computed(made_of, persisted=True), nullable=False)


def _create_cases() -> None:
    """What is known of cases, and the log of all that happens to them."""
    op.create_table(
        "case",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("alert_type", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("specialists", sa.Text(), nullable=False),
        sa.Column("risk_score", sa.Double[float](), nullable=True),
        sa.Column("risk_level", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scheduled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_hash", sa.Text(), nullable=True),
        sa.Column("journal_entries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("journal_hash", sa.Text(), nullable=True),
        sa.Column("rule_id", sa.Text(), nullable=True),
        sa.Column("recommended_action", sa.Text(), nullable=True),
        sa.Column("disposition", sa.Text(), nullable=True),
        sa.Column("priority", sa.Integer(), server_default=sa.text("2"), nullable=False),
        sa.Column("assignee", sa.Text(), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claim_expires_at", sa.DateTime(timezone=True), nullable=True),
        # What lists are sorted by: never null, and last without a value. `casebook.schema.cases.NullsLast`.
        _generated("due_ascending", sa.DateTime(timezone=True), "coalesce(due_at, '9999-12-31 23:59:59.999999+00')"),
        _generated("due_descending", sa.DateTime(timezone=True), "coalesce(due_at, '0001-01-01 00:00:00+00')"),
        _generated("score_ascending", sa.Double(), "coalesce(risk_score, 2)"),
        _generated("score_descending", sa.Double(), "coalesce(risk_score, -1)"),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case")),
        sa.UniqueConstraint("alert_id", name=op.f("uq_case_alert_id")),
    )
    op.create_index(
        "ix_case_claimed",
        "case",
        ["assignee", "opened_seq"],
        unique=False,
        sqlite_where=sa.text("assignee IS NOT NULL"),
        postgresql_where=sa.text("assignee IS NOT NULL"),
    )
    op.create_index("ix_case_customer_id_opened_seq", "case", ["customer_id", "opened_seq"], unique=False)
    op.create_index("ix_case_disposition_opened_seq", "case", ["disposition", "opened_seq"], unique=False)
    op.create_index("ix_case_last_seq", "case", ["last_seq"], unique=False)
    op.create_index("ix_case_opened_seq", "case", ["opened_seq"], unique=True)
    op.create_index("ix_case_outcome_opened_seq", "case", ["outcome", "opened_seq"], unique=False)
    op.create_index("ix_case_rule_id_opened_seq", "case", ["rule_id", "opened_seq"], unique=False)
    op.create_index("ix_case_state_last_seq", "case", ["state", "last_seq"], unique=False)
    op.create_index("ix_case_state_opened_seq", "case", ["state", "opened_seq"], unique=False)
    for direction in ("ascending", "descending"):
        by_due, by_score = (f"due_{direction}", "priority", "opened_seq"), (f"score_{direction}", "opened_seq")
        op.create_index(f"ix_case_by_due_{direction}", "case", [*by_due], unique=False)
        op.create_index(f"ix_case_by_state_due_{direction}", "case", ["state", *by_due], unique=False)
        op.create_index(f"ix_case_by_score_{direction}", "case", [*by_score], unique=False)
        op.create_index(f"ix_case_by_state_score_{direction}", "case", ["state", *by_score], unique=False)
    op.create_index(
        "ix_case_unscheduled",
        "case",
        ["opened_seq"],
        unique=False,
        sqlite_where=sa.text("scheduled_at IS NULL"),
        postgresql_where=sa.text("scheduled_at IS NULL"),
    )
    op.create_table(
        "alert",
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("opened_seq", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name=op.f("fk_alert_case_id")),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_alert")),
        sa.UniqueConstraint("case_id", name=op.f("uq_alert_case_id")),
        sa.UniqueConstraint("opened_seq", name=op.f("uq_alert_opened_seq")),
    )
    op.create_table(
        "log_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_head")),
    )
    op.create_table(
        "case_event",
        sa.Column("seq", _sequence(), autoincrement=False, nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("prev_hash", sa.Text(), nullable=True),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("dedupe_key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name=op.f("fk_case_event_case_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_case_event")),
        sa.UniqueConstraint("case_id", "dedupe_key", name=op.f("uq_case_event_case_id_dedupe_key")),
    )
    op.create_index("ix_case_event_case_id_seq", "case_event", ["case_id", "seq"], unique=False)
    op.create_table(
        "effect",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("started_seq", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name=op.f("fk_effect_case_id")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_effect")),
    )
    op.create_index("ix_effect_case_id_started_seq", "effect", ["case_id", "started_seq"], unique=False)
    op.create_table(
        "evidence",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("evidence_id", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("specialist", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name=op.f("fk_evidence_case_id")),
        sa.PrimaryKeyConstraint("case_id", "evidence_id", name=op.f("pk_evidence")),
    )
    op.execute("INSERT INTO log_head (id, last_seq) VALUES (1, 0)")


def _create_rounds() -> None:
    """What was found and concluded, what people were asked and what they decided."""
    op.create_table(
        "round",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("assessment_hash", sa.Text(), nullable=True),
        sa.Column("assessment", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name=op.f("fk_round_case_id")),
        sa.PrimaryKeyConstraint("case_id", "round", name=op.f("pk_round")),
    )
    op.create_table(
        "report",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("specialist", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("risk_score", sa.Double[float](), nullable=True),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id", "round"], ["round.case_id", "round.round"], name=op.f("fk_report_case_id_round")
        ),
        sa.PrimaryKeyConstraint("case_id", "round", "specialist", name=op.f("pk_report")),
    )
    op.create_table(
        "review",
        sa.Column("review_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("assessment_hash", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("required_role", sa.Text(), nullable=False),
        sa.Column("approvals_required", sa.Integer(), nullable=False),
        sa.Column("escalation_reason", sa.Text(), nullable=True),
        sa.Column("four_eyes_actions", sa.Text(), nullable=True),
        sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id", "round"], ["round.case_id", "round.round"], name=op.f("fk_review_case_id_round")
        ),
        sa.PrimaryKeyConstraint("review_id", name=op.f("pk_review")),
        sa.UniqueConstraint("case_id", "round", name=op.f("uq_review_case_id_round")),
    )
    op.create_index(
        "ix_review_open",
        "review",
        ["case_id"],
        unique=True,
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_table(
        "decision",
        sa.Column("review_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=True),
        sa.Column("accepted_seq", sa.BigInteger(), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name=op.f("fk_decision_case_id")),
        sa.ForeignKeyConstraint(["review_id"], ["review.review_id"], name=op.f("fk_decision_review_id")),
        sa.PrimaryKeyConstraint("review_id", name=op.f("pk_decision")),
    )
    op.create_index("ix_decision_case_id_accepted_seq", "decision", ["case_id", "accepted_seq"], unique=False)
    op.create_index(
        "ix_decision_undelivered",
        "decision",
        ["accepted_seq"],
        unique=False,
        sqlite_where=sa.text("delivered_at IS NULL"),
        postgresql_where=sa.text("delivered_at IS NULL"),
    )
    op.create_table(
        "proposal",
        sa.Column("review_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("proposed_seq", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name=op.f("fk_proposal_case_id")),
        sa.ForeignKeyConstraint(["review_id"], ["review.review_id"], name=op.f("fk_proposal_review_id")),
        sa.PrimaryKeyConstraint("review_id", name=op.f("pk_proposal")),
        sa.UniqueConstraint("case_id", name=op.f("uq_proposal_case_id")),
    )
    op.create_table(
        "reversal",
        sa.Column("reversal_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("undoes", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("requested_seq", sa.BigInteger(), nullable=False),
        sa.Column("scheduled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name=op.f("fk_reversal_case_id")),
        sa.ForeignKeyConstraint(["undoes"], ["effect.key"], name=op.f("fk_reversal_undoes")),
        sa.PrimaryKeyConstraint("reversal_id", name=op.f("pk_reversal")),
    )
    op.create_index("ix_reversal_case_id_requested_seq", "reversal", ["case_id", "requested_seq"], unique=False)
    op.create_index(
        "ix_reversal_standing",
        "reversal",
        ["undoes"],
        unique=True,
        sqlite_where=sa.text("status IN ('requested', 'approved', 'done')"),
        postgresql_where=sa.text("status IN ('requested', 'approved', 'done')"),
    )
    op.create_index(
        "ix_reversal_unscheduled",
        "reversal",
        ["requested_seq"],
        unique=False,
        sqlite_where=sa.text("status = 'approved' AND scheduled_at IS NULL"),
        postgresql_where=sa.text("status = 'approved' AND scheduled_at IS NULL"),
    )


def _create_workspace() -> None:
    """What people add, and what they search by."""
    op.create_table(
        "note",
        sa.Column("seq", _sequence(), autoincrement=False, nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name=op.f("fk_note_case_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_note")),
    )
    op.create_index("ix_note_case_id_seq", "note", ["case_id", "seq"], unique=False)
    op.create_table(
        "attachment",
        sa.Column("seq", _sequence(), autoincrement=False, nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name=op.f("fk_attachment_case_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_attachment")),
    )
    op.create_index("ix_attachment_case_id_seq", "attachment", ["case_id", "seq"], unique=False)
    op.create_table(
        "saved_view",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject", "name", name=op.f("pk_saved_view")),
    )
    op.create_table(
        "case_text",
        sa.Column("opened_seq", _sequence(), autoincrement=False, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("opened_seq", name=op.f("pk_case_text")),
    )


def _create_models() -> None:
    """What models were asked, and what they cost."""
    op.create_table(
        "model_call",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("response", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", sa.Integer(), server_default="0", nullable=False),
        sa.Column("use", sa.Text(), nullable=True),
        sa.Column("hash", sa.Text(), server_default="unlinked", nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name=op.f("fk_model_call_case_id")),
        sa.PrimaryKeyConstraint("case_id", "key", name=op.f("pk_model_call")),
    )
    op.create_table(
        "model_spend",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=True),
        sa.Column("model_calls", sa.Integer(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cost_micro_usd", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name=op.f("fk_model_spend_case_id")),
        sa.PrimaryKeyConstraint("case_id", "round", "agent", "model", "day", name=op.f("pk_model_spend")),
    )
    op.create_index("ix_model_spend_day", "model_spend", ["day"], unique=False)


def _create_others() -> None:
    """What belongs to no case: refused transitions of unknown ones, workers, the name of the casebook."""
    op.create_table(
        "refused_transition",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "reason", name=op.f("pk_refused_transition")),
    )
    op.create_table(
        "worker",
        sa.Column("worker_id", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", name=op.f("pk_worker")),
    )
    identity = op.create_table(
        "casebook_identity",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("casebook_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_casebook_identity")),
    )
    op.bulk_insert(identity, [{"id": 1, "casebook_id": f"casebook-{uuid4()}"}])


def _create_search() -> None:
    """Words are found at once by any beginning of three to eight letters, and whatever was written just before."""
    name = op.get_bind().dialect.name
    if name == "sqlite":
        for statement in SQLITE_SEARCH:
            op.execute(statement)
    elif name == "postgresql":
        for statement in POSTGRESQL_SEARCH:
            op.execute(statement)


# The words are folded before they are stored, so the tokenizer has only to split them at the spaces. A beginning
# without an index of its own is gathered from all words that have it, every time it is asked for.
SQLITE_SEARCH = (
    "CREATE VIRTUAL TABLE case_fts USING fts5("
    "body, content='case_text', content_rowid='opened_seq', detail=none, prefix='3 4 5 6 7 8', tokenize='ascii')",
    "CREATE TRIGGER case_text_inserted AFTER INSERT ON case_text BEGIN "
    "INSERT INTO case_fts (rowid, body) VALUES (new.opened_seq, new.body); END",
    "CREATE TRIGGER case_text_updated AFTER UPDATE ON case_text BEGIN "
    "INSERT INTO case_fts (case_fts, rowid, body) VALUES ('delete', old.opened_seq, old.body); "
    "INSERT INTO case_fts (rowid, body) VALUES (new.opened_seq, new.body); END",
    "CREATE TRIGGER case_text_deleted AFTER DELETE ON case_text BEGIN "
    "INSERT INTO case_fts (case_fts, rowid, body) VALUES ('delete', old.opened_seq, old.body); END",
)
# By default, new words lie in a list without order, which every search reads from end to end.
POSTGRESQL_SEARCH = (
    "ALTER TABLE case_text ADD COLUMN words tsvector "
    "GENERATED ALWAYS AS (array_to_tsvector(string_to_array(body, ' '))) STORED",
    "CREATE INDEX ix_case_text_words ON case_text USING gin (words) WITH (fastupdate = off)",
)
