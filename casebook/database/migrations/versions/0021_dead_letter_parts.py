"""How much in front of a fault was evaluated: a retry leaves it alone.

Follows: 0020.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "telemetry_dead_letter", sa.Column("parts_before", sa.BigInteger(), server_default="0", nullable=False)
    )
