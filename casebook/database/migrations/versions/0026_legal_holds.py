"""Cases under a legal hold, and how far the words of purged cases are taken out of the full-text index.

Follows: 0025.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("case", sa.Column("legal_hold_by", sa.Text(), nullable=True))
    op.add_column("case", sa.Column("legal_hold_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("case", sa.Column("legal_hold_reason", sa.Text(), nullable=True))
    op.add_column("retention", sa.Column("merging_since", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_case_legal_hold",
        "case",
        ["legal_hold_since"],
        sqlite_where=sa.text("legal_hold_since IS NOT NULL"),
        postgresql_where=sa.text("legal_hold_since IS NOT NULL"),
    )
