"""Schedules, and their runs.

Follows: 0014.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "schedule",
        sa.Column("schedule_id", sa.Text(), nullable=False),
        sa.Column("paused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("done_through", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("schedule_id", name=op.f("pk_schedule")),
    )
    op.create_table(
        "schedule_run",
        sa.Column("schedule_id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Text(), nullable=True),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedule.schedule_id"], name=op.f("fk_schedule_run_schedule_id")),
        sa.PrimaryKeyConstraint("schedule_id", "number", name=op.f("pk_schedule_run")),
        sa.UniqueConstraint("schedule_id", "day", name=op.f("uq_schedule_run_schedule_id_day")),
    )
