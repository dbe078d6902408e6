"""Follow-up tasks and their reminders; the time zone of a user.

Follows: 0012.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_LISTS = (
    ("ix_task_list", (), None),
    ("ix_task_assignee", ("assignee",), None),
    ("ix_task_case", ("case_id",), "case_id IS NOT NULL"),
    ("ix_task_customer", ("customer_id",), "customer_id IS NOT NULL"),
    ("ix_task_user", ("created_by",), "turn_id IS NOT NULL"),
)


def upgrade() -> None:
    op.add_column("chat_user", sa.Column("zone", sa.Text(), nullable=True))
    op.create_table(
        "task",
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("assignee", sa.Text(), nullable=False),
        sa.Column("due_local", sa.Text(), nullable=True),
        sa.Column("due_zone", sa.Text(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_order", sa.DateTime(timezone=True), nullable=False),
        sa.Column("overdue_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("case_id", sa.Text(), nullable=True),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("turn_id", sa.Text(), nullable=True),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("request_hash", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["turn_id"], ["chat_turn.turn_id"], name=op.f("fk_task_turn_id")),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_task")),
        sa.UniqueConstraint("created_by", "idempotency_key", name=op.f("uq_task_created_by_idempotency_key")),
        sa.UniqueConstraint("number", name=op.f("uq_task_number")),
    )
    for name, first, condition in _LISTS:
        where = None if condition is None else sa.text(condition)
        columns = [*first, "state", "due_order", "number"]
        op.create_index(name, "task", columns, unique=False, sqlite_where=where, postgresql_where=where)
    op.create_table(
        "task_reminder",
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["task.task_id"], name=op.f("fk_task_reminder_task_id")),
        sa.PrimaryKeyConstraint("task_id", "revision", name=op.f("pk_task_reminder")),
    )
    op.create_index("ix_task_reminder_due", "task_reminder", ["state", "due_at"], unique=False)
