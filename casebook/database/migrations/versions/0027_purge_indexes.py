"""Finds what a purge looks for: the cases that an alert was moved out of, and the reversals of an effect.

Follows: 0026.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_alert_moved",
        "alert",
        ["alert_id"],
        sqlite_where=sa.text("moved_to IS NOT NULL"),
        postgresql_where=sa.text("moved_to IS NOT NULL"),
    )
    op.create_index("ix_reversal_undoes", "reversal", ["undoes"])
