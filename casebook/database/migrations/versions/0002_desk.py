"""What the desk lists, sorts and searches by; claims, notes, attachments, saved views.

Follows: 0001. Fills the new columns of the cases that exist from their alerts, assessments and decisions.
"""

import json
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BATCH = 500
# Words as the release of this schema knew them: a migration must do the same for ever.
MAX_WORD, MAX_WORDS = 64, 20_000
PRIORITY = {"critical": 0, "high": 1, "medium": 2, "low": 3}


def _words_of(*texts: str) -> str:
    found: dict[str, None] = {}
    for text in texts:
        for word in _folded(text).split():
            found.setdefault(word[:MAX_WORD])
            if len(found) >= MAX_WORDS:
                return " ".join(found)
    return " ".join(found)


def _folded(text: str) -> str:
    decomposed = "".join(unicodedata.normalize("NFKD", character) for character in text.casefold())
    return "".join(_kept(character) for character in decomposed.casefold())


def _kept(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Mn":
        return ""
    return character if category[0] in "LNM" else " "


def upgrade() -> None:
    _add_columns()
    _add_tables()
    _add_search()
    _fill(op.get_bind())


def _add_columns() -> None:
    op.add_column("case", sa.Column("rule_id", sa.Text(), nullable=True))
    op.add_column("case", sa.Column("recommended_action", sa.Text(), nullable=True))
    op.add_column("case", sa.Column("disposition", sa.Text(), nullable=True))
    op.add_column("case", sa.Column("priority", sa.Integer(), nullable=False, server_default=sa.text("2")))
    op.add_column("case", sa.Column("assignee", sa.Text(), nullable=True))
    op.add_column("case", sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("case", sa.Column("claim_expires_at", sa.DateTime(timezone=True), nullable=True))
    for columns in (
        ["due_at", "priority", "opened_seq"],
        ["state", "due_at", "priority", "opened_seq"],
        ["risk_score", "opened_seq"],
        ["state", "risk_score", "opened_seq"],
        ["last_seq"],
        ["state", "last_seq"],
        ["customer_id", "opened_seq"],
        ["rule_id", "opened_seq"],
        ["outcome", "opened_seq"],
        ["disposition", "opened_seq"],
    ):
        op.create_index(f"ix_case_{'_'.join(columns)}", "case", columns, unique=False)
    op.create_index(
        "ix_case_claimed",
        "case",
        ["assignee", "opened_seq"],
        unique=False,
        sqlite_where=sa.text("assignee IS NOT NULL"),
        postgresql_where=sa.text("assignee IS NOT NULL"),
    )


def _add_tables() -> None:
    sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "note",
        sa.Column("seq", sequence, autoincrement=False, nullable=False),
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
        sa.Column("seq", sequence, autoincrement=False, nullable=False),
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
        sa.Column("opened_seq", sequence, autoincrement=False, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("opened_seq", name=op.f("pk_case_text")),
    )


def _add_search() -> None:
    name = op.get_bind().dialect.name
    if name == "sqlite":
        for statement in SQLITE_SEARCH:
            op.execute(statement)
    elif name == "postgresql":
        for statement in POSTGRESQL_SEARCH:
            op.execute(statement)


# The words are folded before they are stored, so the tokenizer has only to split them at the spaces.
SQLITE_SEARCH = (
    "CREATE VIRTUAL TABLE case_fts USING fts5("
    "body, content='case_text', content_rowid='opened_seq', detail=none, prefix='3', tokenize='ascii')",
    "CREATE TRIGGER case_text_inserted AFTER INSERT ON case_text BEGIN "
    "INSERT INTO case_fts (rowid, body) VALUES (new.opened_seq, new.body); END",
    "CREATE TRIGGER case_text_updated AFTER UPDATE ON case_text BEGIN "
    "INSERT INTO case_fts (case_fts, rowid, body) VALUES ('delete', old.opened_seq, old.body); "
    "INSERT INTO case_fts (rowid, body) VALUES (new.opened_seq, new.body); END",
    "CREATE TRIGGER case_text_deleted AFTER DELETE ON case_text BEGIN "
    "INSERT INTO case_fts (case_fts, rowid, body) VALUES ('delete', old.opened_seq, old.body); END",
)
POSTGRESQL_SEARCH = (
    "ALTER TABLE case_text ADD COLUMN words tsvector "
    "GENERATED ALWAYS AS (array_to_tsvector(string_to_array(body, ' '))) STORED",
    "CREATE INDEX ix_case_text_words ON case_text USING gin (words)",
)

_CASES = sa.text(
    'SELECT c.opened_seq, c.case_id, c.round, c.severity, c.description, c.alert_id, c.customer_id, '
    'a.body AS alert, r.assessment '
    'FROM "case" c JOIN alert a ON a.case_id = c.case_id '
    'LEFT JOIN round r ON r.case_id = c.case_id AND r.round = c.round '
    'WHERE c.opened_seq > :after ORDER BY c.opened_seq LIMIT :limit'
)
_DECISIONS = sa.text(
    "SELECT case_id, verdict, action FROM decision WHERE case_id IN :cases ORDER BY accepted_seq"
).bindparams(sa.bindparam("cases", expanding=True))
_FILL = sa.text(
    'UPDATE "case" SET rule_id = :rule_id, recommended_action = :recommended_action, disposition = :disposition, '
    'priority = :priority WHERE case_id = :case_id'
)
_FILL_TEXT = sa.text("INSERT INTO case_text (opened_seq, body) VALUES (:opened_seq, :body)")


def _fill(connection: sa.Connection) -> None:
    after = 0
    while rows := connection.execute(_CASES, {"after": after, "limit": BATCH}).mappings().all():
        after = rows[-1]["opened_seq"]
        dispositions = _dispositions(connection, [row["case_id"] for row in rows])
        connection.execute(_FILL, [_columns(row, dispositions) for row in rows])
        connection.execute(_FILL_TEXT, [_text(row) for row in rows])


def _dispositions(connection: sa.Connection, cases: Sequence[str]) -> dict[str, str]:
    """What the newest decision on each case made of it: earlier releases asked for no disposition."""
    return {
        row.case_id: _disposition(row.verdict, row.action) for row in connection.execute(_DECISIONS, {"cases": list(cases)})
    }


def _disposition(verdict: str, action: str | None) -> str:
    if verdict == "reject":
        return "inconclusive"
    return "false_positive" if action == "clear" else "confirmed_fraud"


def _columns(row: sa.RowMapping, dispositions: Mapping[str, str]) -> dict[str, Any]:
    assessment: dict[str, Any] = {} if row["assessment"] is None else json.loads(row["assessment"])
    return {
        "case_id": row["case_id"],
        "rule_id": json.loads(row["alert"])["rule_id"],
        "recommended_action": assessment.get("recommended_action"),
        "disposition": dispositions.get(row["case_id"]),
        "priority": PRIORITY[row["severity"]],
    }


def _text(row: sa.RowMapping) -> dict[str, Any]:
    words = _words_of(row["description"], row["alert_id"], str(row["customer_id"]))
    return {"opened_seq": row["opened_seq"], "body": words}
