"""Sessions of people who sign in at an OpenID provider, and who they are.

Follows: 0022.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("session", sa.Column("scopes", sa.Text(), server_default="[]", nullable=False))
    op.add_column("session", sa.Column("issuer", sa.Text(), server_default="local", nullable=False))
    op.add_column("session", sa.Column("provider_sid", sa.Text(), nullable=True))
    op.add_column("session", sa.Column("sealed_token", sa.Text(), nullable=True))
    op.add_column("session", sa.Column("recheck_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "person",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_person")),
    )
