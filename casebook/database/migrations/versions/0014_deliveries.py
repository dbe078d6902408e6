"""Subscriptions of domain events, and what is delivered to them.

Follows: 0013.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("consumer", sa.Column("lease_owner", sa.Text(), nullable=True))
    op.add_column("consumer", sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "subscription",
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("events", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("paused_because", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outages", sa.Integer(), nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_fault", sa.Text(), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("subscription_id", name=op.f("pk_subscription")),
    )
    op.create_table(
        "subscription_secret",
        sa.Column("secret_id", sa.Text(), nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _of_subscription("subscription_secret"),
        sa.PrimaryKeyConstraint("secret_id", name=op.f("pk_subscription_secret")),
    )
    op.create_index("ix_subscription_secret_subscription", "subscription_secret", ["subscription_id"], unique=False)
    op.create_table(
        "pending_delivery",
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        _of_subscription("pending_delivery"),
        sa.PrimaryKeyConstraint("subscription_id", "number", name=op.f("pk_pending_delivery")),
    )
    op.create_index("ix_pending_delivery_due", "pending_delivery", ["subscription_id", "due_at"], unique=False)
    op.create_index(
        "ix_pending_delivery_subject", "pending_delivery", ["subscription_id", "subject", "number"], unique=False
    )
    op.create_table(
        "dead_letter",
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_up_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fault", sa.Text(), nullable=False),
        _of_subscription("dead_letter"),
        sa.PrimaryKeyConstraint("subscription_id", "number", name=op.f("pk_dead_letter")),
    )


def _of_subscription(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["subscription_id"], ["subscription.subscription_id"], name=op.f(f"fk_{table}_subscription_id")
    )
