"""People merge cases and detach alerts.

Follows: 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("case", sa.Column("alert_changes", sa.Integer(), server_default="0", nullable=False))
    op.add_column("case", sa.Column("merged_into", sa.Text(), nullable=True))
    op.execute('UPDATE "case" SET alert_changes = alert_count - 1 WHERE alert_count > 1')
    op.add_column("alert", sa.Column("moved_to", sa.Text(), nullable=True))
    _let_an_alert_have_been_in_several()
    where = sa.text("moved_to IS NULL")
    op.create_index("ix_alert_home", "alert", ["alert_id"], unique=True, sqlite_where=where, postgresql_where=where)


def _let_an_alert_have_been_in_several() -> None:
    if op.get_bind().dialect.name == "cockroachdb":
        op.execute("ALTER TABLE alert ALTER PRIMARY KEY USING COLUMNS (case_id, alert_id)")
        op.execute("DROP INDEX IF EXISTS alert_alert_id_key CASCADE")
        return
    with op.batch_alter_table("alert") as alert:
        alert.drop_constraint("pk_alert", type_="primary")
        alert.create_primary_key("pk_alert", ["case_id", "alert_id"])
