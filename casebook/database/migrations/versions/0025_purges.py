"""What is left of purged cases, and how far the access record is purged.

Follows: 0024.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

CLOSED = sa.text("state = 'closed'")
WORDS_LEFT = sa.text("words_left")


def upgrade() -> None:
    op.create_table(
        "purged_case",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_event_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_hash", sa.Text(), nullable=False),
        sa.Column("log_hash", sa.Text(), nullable=False),
        sa.Column("alerts_hash", sa.Text(), nullable=False),
        sa.Column("purged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kept_days", sa.Integer(), nullable=False),
        sa.Column("words_left", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_purged_case")),
    )
    op.create_index(
        "ix_purged_case_words_left",
        "purged_case",
        ["purged_at"],
        sqlite_where=WORDS_LEFT,
        postgresql_where=WORDS_LEFT,
    )
    op.create_table(
        "purged_event",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_purged_event")),
    )
    op.create_index("ix_purged_event_case_id_seq", "purged_event", ["case_id", "seq"])
    op.create_table(
        "purged_alert",
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_purged_alert")),
    )
    op.create_index("ix_purged_alert_case_id", "purged_alert", ["case_id"])
    retention = op.create_table(
        "retention",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("swept_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deletes_from", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention")),
    )
    op.bulk_insert(retention, [{"id": 1, "swept_at": None, "deletes_from": None}])
    op.create_index(
        "ix_case_closed", "case", ["kind", "last_seq"], sqlite_where=CLOSED, postgresql_where=CLOSED
    )
    op.add_column("access_head", sa.Column("purged_number", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("access_head", sa.Column("purged_hash", sa.Text(), nullable=True))
