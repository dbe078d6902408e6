"""Views that their owner shares with everybody.

Follows: 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("saved_view", sa.Column("shared_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_saved_view_shared",
        "saved_view",
        ["name", "subject"],
        unique=False,
        sqlite_where=sa.text("shared_at IS NOT NULL"),
        postgresql_where=sa.text("shared_at IS NOT NULL"),
    )
