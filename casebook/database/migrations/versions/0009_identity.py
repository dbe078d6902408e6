"""Every casebook is given an id.

Follows: 0008.
"""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    identity = op.create_table(
        "casebook_identity",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("casebook_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_casebook_identity")),
    )
    op.bulk_insert(identity, [{"id": 1, "casebook_id": f"casebook-{uuid4()}"}])
