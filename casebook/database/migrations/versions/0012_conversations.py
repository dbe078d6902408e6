"""Conversations with the assistant, and the outbox of domain events.

Follows: 0011.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_OPEN = sa.text("state IN ('queued', 'drafting', 'checking')")
_WAITING = sa.text("state IN ('queued', 'drafting', 'checking') AND scheduled_at IS NULL")
_SENT = sa.text("state = 'sent'")
_UNCOUNTED = sa.text("state = 'sent' AND counted_at IS NULL")
_DECIDED = sa.text("decided_after_s IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "chat_user",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("linked_by", sa.Text(), nullable=True),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("turns", sa.Integer(), server_default="0", nullable=False),
        sa.Column("erased", sa.Integer(), server_default="0", nullable=False),
        sa.Column("wrote", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_chat_user")),
    )
    op.create_index("ix_chat_user_wrote", "chat_user", ["wrote"], unique=False)
    op.create_table(
        "chat_turn",
        sa.Column("turn_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("metadata", sa.Text(), nullable=True),
        sa.Column("tags", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scheduled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("round", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reviewed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("decided_after_s", sa.Integer(), nullable=True),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["chat_user.user_id"], name=op.f("fk_chat_turn_user_id")),
        sa.PrimaryKeyConstraint("turn_id", name=op.f("pk_chat_turn")),
        sa.UniqueConstraint("user_id", "idempotency_key", name=op.f("uq_chat_turn_user_id_idempotency_key")),
        sa.UniqueConstraint("user_id", "position", name=op.f("uq_chat_turn_user_id_position")),
    )
    op.create_index("ix_chat_turn_change", "chat_turn", ["change"], unique=False)
    op.create_index("ix_chat_turn_open", "chat_turn", ["user_id", "position"], unique=False, sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index("ix_chat_turn_sent", "chat_turn", ["user_id", "position"], unique=False, sqlite_where=_SENT, postgresql_where=_SENT)
    op.create_index("ix_chat_turn_uncounted", "chat_turn", ["user_id"], unique=False, sqlite_where=_UNCOUNTED, postgresql_where=_UNCOUNTED)
    op.create_index("ix_chat_turn_decided", "chat_turn", ["replied_at", "decided_after_s"], unique=False, sqlite_where=_DECIDED, postgresql_where=_DECIDED)
    op.create_index("ix_chat_turn_user_received", "chat_turn", ["user_id", "received_at"], unique=False)
    op.create_index("ix_chat_turn_waiting", "chat_turn", ["change"], unique=False, sqlite_where=_WAITING, postgresql_where=_WAITING)
    op.create_table(
        "chat_draft",
        sa.Column("turn_id", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["turn_id"], ["chat_turn.turn_id"], name=op.f("fk_chat_draft_turn_id")),
        sa.PrimaryKeyConstraint("turn_id", "round", name=op.f("pk_chat_draft")),
    )
    op.create_table(
        "chat_call",
        sa.Column("turn_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("response", sa.Text(), nullable=True),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("input_tokens", sa.Integer(), server_default="0", nullable=False),
        sa.Column("output_tokens", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cost_micro_usd", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["turn_id"], ["chat_turn.turn_id"], name=op.f("fk_chat_call_turn_id")),
        sa.PrimaryKeyConstraint("turn_id", "key", name=op.f("pk_chat_call")),
    )
    op.create_index("ix_chat_call_day", "chat_call", ["day"], unique=False)
    op.create_table(
        "message_count",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_message_count")),
    )
    op.create_table(
        "message_day",
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("reviewed", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("unresolved", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "user_id", name=op.f("pk_message_day")),
    )
    op.create_index("ix_message_day_user", "message_day", ["user_id", "day"], unique=False)
    op.create_table(
        "reply_text",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name=op.f("fk_reply_text_case_id")),
        sa.PrimaryKeyConstraint("case_id", "round", name=op.f("pk_reply_text")),
    )
    op.create_table(
        "consumer",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_consumer")),
    )
    sequence = op.create_table(
        "sequence",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sequence")),
    )
    op.create_table(
        "domain_event",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_domain_event")),
    )
    op.bulk_insert(sequence, [{"name": name, "last_number": 0} for name in ("chat_change", "domain_event")])
