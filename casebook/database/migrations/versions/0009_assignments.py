"""Cases are assigned to people: whose each is, the setting, and whose turn it is.

Follows: 0008.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BY_DUE = ("state", "due_ascending", "priority", "opened_seq")


def upgrade() -> None:
    for name, kind in (("assigned_to", sa.Text()), ("assigned_by", sa.Text())):
        op.add_column("case", sa.Column(name, kind, nullable=True))
    op.add_column("case", sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=True))
    somebodys, nobodys = sa.text("assigned_to IS NOT NULL"), sa.text("assigned_to IS NULL")
    _index("ix_case_assigned", ["assigned_to", "opened_seq"], somebodys)
    _index("ix_case_by_assigned_due", ["assigned_to", *BY_DUE], somebodys)
    _index("ix_case_by_pool_due", [*BY_DUE], nobodys)
    setting = op.create_table(
        "assignment_setting",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment_setting")),
    )
    op.bulk_insert(setting, [{"id": 1, "version": 0, "rules": '{"mode":"off","members":[]}'}])
    op.create_table(
        "assignment_turn",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_assignment_turn")),
    )


def _index(name: str, columns: list[str], where: sa.TextClause) -> None:
    op.create_index(name, "case", columns, unique=False, sqlite_where=where, postgresql_where=where)
