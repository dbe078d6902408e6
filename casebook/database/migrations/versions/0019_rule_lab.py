"""Back-tests of rules, and which version of a rule raised which alert.

Follows: 0018.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_UNFINISHED = sa.text("state IN ('queued', 'running')")
_FILL = """
INSERT INTO rule_alert (alert_id, rule_id, rule_version, recorded_at)
SELECT a.alert_id, {rule_id}, CAST({rule_version} AS INTEGER), e.at
FROM alert a JOIN case_event e ON e.seq = a.recorded_seq
WHERE a.moved_to IS NULL AND {source} <> 'manual'
"""


def upgrade() -> None:
    op.create_table(
        "back_test",
        sa.Column("back_test_id", sa.Text(), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("compared_with", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_by", sa.Text(), nullable=True),
        sa.Column("rules_revision", sa.BigInteger(), nullable=True),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("reached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("share", sa.Double[float](), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("owned_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("total", sa.Text(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("back_test_id", name=op.f("pk_back_test")),
    )
    op.create_index("ix_back_test_rule_id_requested_at", "back_test", ["rule_id", "requested_at"])
    op.create_index(
        "ix_back_test_unfinished",
        "back_test",
        ["requested_at"],
        sqlite_where=_UNFINISHED,
        postgresql_where=_UNFINISHED,
    )
    op.create_table(
        "rule_alert",
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_rule_alert")),
    )
    op.create_index(
        "ix_rule_alert_rule_id_rule_version_recorded_at", "rule_alert", ["rule_id", "rule_version", "recorded_at"]
    )
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    names = ("rule_id", "rule_version", "source")
    values = {
        name: f"json_extract(a.body, '$.{name}')" if is_sqlite else f"(CAST(a.body AS jsonb) ->> '{name}')"
        for name in names
    }
    op.execute(_FILL.format(**values))
