"""Cases that people have snoozed.

Follows: 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("case", sa.Column("snoozed_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("case", sa.Column("snoozed_by", sa.Text(), nullable=True))
    op.add_column("case", sa.Column("snoozed_until_activity", sa.Boolean(), nullable=True))
    op.create_index(
        "ix_case_snoozed",
        "case",
        ["snoozed_until", "opened_seq"],
        unique=False,
        sqlite_where=sa.text("snoozed_until IS NOT NULL"),
        postgresql_where=sa.text("snoozed_until IS NOT NULL"),
    )
