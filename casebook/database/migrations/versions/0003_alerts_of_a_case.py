"""A case has several alerts, and knows the case before it.

Follows: 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("case", sa.Column("alert_count", sa.Integer(), server_default="1", nullable=False))
    op.add_column("case", sa.Column("follows", sa.Text(), nullable=True))
    _index("ix_case_open_customer", ["customer_id", "opened_seq"], "state <> 'closed'")
    _index("ix_case_follows", ["follows", "opened_seq"], "follows IS NOT NULL")
    _let_a_case_have_several()
    op.create_index("ix_alert_case_id_recorded_seq", "alert", ["case_id", "recorded_seq"], unique=False)


def _let_a_case_have_several() -> None:
    """SQLite cannot change a constraint: it writes the table once more, and a constraint needs a column that is there."""
    if op.get_bind().dialect.name == "cockroachdb":
        for constraint in ("uq_alert_case_id", "uq_alert_opened_seq"):
            op.execute(f"DROP INDEX alert@{constraint} CASCADE")
        op.alter_column("alert", "opened_seq", new_column_name="recorded_seq")
        op.create_unique_constraint("uq_alert_recorded_seq", "alert", ["recorded_seq"])
        return
    with op.batch_alter_table("alert") as alert:
        alert.drop_constraint("uq_alert_case_id", type_="unique")
        alert.drop_constraint("uq_alert_opened_seq", type_="unique")
        alert.alter_column("opened_seq", new_column_name="recorded_seq")
    with op.batch_alter_table("alert") as alert:
        alert.create_unique_constraint("uq_alert_recorded_seq", ["recorded_seq"])


def _index(name: str, columns: list[str], of_rows: str) -> None:
    where = sa.text(of_rows)
    op.create_index(name, "case", columns, unique=False, sqlite_where=where, postgresql_where=where)
