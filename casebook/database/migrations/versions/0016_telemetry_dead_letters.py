"""Telemetry that was not evaluated, and how much of it there was.

Follows: 0015.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "telemetry_dead_letter",
        sa.Column("letter_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=True),
        sa.Column("partition", sa.Text(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("owned_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("letter_id", name=op.f("pk_telemetry_dead_letter")),
    )
    op.create_index("ix_telemetry_dead_letter_received", "telemetry_dead_letter", ["received_at", "letter_id"])
    op.create_index("ix_telemetry_dead_letter_source", "telemetry_dead_letter", ["source", "kind"])
    op.create_index("ix_telemetry_dead_letter_state", "telemetry_dead_letter", ["state"])
    op.create_table(
        "telemetry_dead_letter_count",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_file", sa.Text(), nullable=True),
        sa.Column("last_partition", sa.Text(), nullable=True),
        sa.Column("last_position", sa.BigInteger(), nullable=False),
        sa.Column("last_reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "kind", name=op.f("pk_telemetry_dead_letter_count")),
    )
