"""Who gave a case back is found by an index.

Follows: 0010.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    where = sa.text("type = 'claim_released'")
    op.create_index(
        "ix_case_event_released",
        "case_event",
        ["actor", "case_id", "at"],
        unique=False,
        sqlite_where=where,
        postgresql_where=where,
    )
