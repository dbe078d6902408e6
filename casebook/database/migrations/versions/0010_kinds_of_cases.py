"""A case has a kind, and needs no alert.

Follows: 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_OF_ALERTS = (
    ("alert_id", sa.Text()),
    ("customer_id", sa.BigInteger()),
    ("alert_type", sa.Text()),
    ("source", sa.Text()),
)
"""What only a case with alerts has."""


def upgrade() -> None:
    op.add_column("case", sa.Column("kind", sa.Text(), server_default="fraud", nullable=False))
    if op.get_bind().dialect.name == "sqlite":
        _let_sqlite_have_none()
    else:
        for name, kind in _OF_ALERTS:
            op.alter_column("case", name, existing_type=kind, nullable=True)
    op.create_index("ix_case_kind_opened_seq", "case", ["kind", "opened_seq"], unique=False)
    op.create_index("ix_case_kind_state_opened_seq", "case", ["kind", "state", "opened_seq"], unique=False)
    op.create_table(
        "subject",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("recorded_seq", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name=op.f("fk_subject_case_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_subject")),
        sa.UniqueConstraint("recorded_seq", name=op.f("uq_subject_recorded_seq")),
    )


def _let_sqlite_have_none() -> None:
    """SQLite cannot drop a NOT NULL, and the table is not written anew: that would break what refers to it.

    Source: https://www.sqlite.org/lang_altertable.html, "changes that do not affect the on-disk content".
    """
    connection = op.get_bind()
    written = connection.execute(sa.text("SELECT sql FROM sqlite_schema WHERE name = 'case'")).scalar_one()
    for name, kind in _OF_ALERTS:
        column = f"{name} {kind.compile(connection.dialect)}"
        assert f"{column} NOT NULL" in written, f"the column {name} is as it was made"
        written = written.replace(f"{column} NOT NULL", column)
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    connection.execute(sa.text("UPDATE sqlite_schema SET sql = :written WHERE name = 'case'"), {"written": written})
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")
