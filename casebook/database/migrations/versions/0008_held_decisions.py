"""Decisions with an effect can be taken back for a short time.

Follows: 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("decision", sa.Column("on_hold_until", sa.DateTime(timezone=True), nullable=True))
    where = sa.text("on_hold_until IS NOT NULL")
    op.create_index("ix_decision_on_hold", "decision", ["on_hold_until"], sqlite_where=where, postgresql_where=where)
