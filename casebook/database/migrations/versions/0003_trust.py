"""Four eyes: what a review asks two people for, and first approvals. Taking effects back.

Follows: 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("review", sa.Column("four_eyes_actions", sa.Text(), nullable=True))
    op.add_column("review", sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "proposal",
        sa.Column("review_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("proposed_seq", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name=op.f("fk_proposal_case_id")),
        sa.ForeignKeyConstraint(["review_id"], ["review.review_id"], name=op.f("fk_proposal_review_id")),
        sa.PrimaryKeyConstraint("review_id", name=op.f("pk_proposal")),
        sa.UniqueConstraint("case_id", name=op.f("uq_proposal_case_id")),
    )
    op.create_table(
        "reversal",
        sa.Column("reversal_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("undoes", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("requested_seq", sa.BigInteger(), nullable=False),
        sa.Column("scheduled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name=op.f("fk_reversal_case_id")),
        sa.ForeignKeyConstraint(["undoes"], ["effect.key"], name=op.f("fk_reversal_undoes")),
        sa.PrimaryKeyConstraint("reversal_id", name=op.f("pk_reversal")),
    )
    op.create_index("ix_reversal_case_id_requested_seq", "reversal", ["case_id", "requested_seq"], unique=False)
    op.create_index(
        "ix_reversal_standing",
        "reversal",
        ["undoes"],
        unique=True,
        sqlite_where=sa.text("status IN ('requested', 'approved', 'done')"),
        postgresql_where=sa.text("status IN ('requested', 'approved', 'done')"),
    )
    op.create_index(
        "ix_reversal_unscheduled",
        "reversal",
        ["requested_seq"],
        unique=False,
        sqlite_where=sa.text("status = 'approved' AND scheduled_at IS NULL"),
        postgresql_where=sa.text("status = 'approved' AND scheduled_at IS NULL"),
    )
