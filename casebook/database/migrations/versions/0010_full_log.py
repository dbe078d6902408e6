"""From which event on the log says all that a release since this one has it say.

Follows: 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("casebook_identity", sa.Column("full_after", sa.Integer(), nullable=True))
    op.execute("UPDATE casebook_identity SET full_after = (SELECT coalesce(max(seq), 0) FROM case_event)")
