"""Words are found at once by any beginning of three to eight letters, and whatever was written just before.

Follows: 0004.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    name = op.get_bind().dialect.name
    if name == "sqlite":
        for statement in SQLITE:
            op.execute(statement)
    elif name == "postgresql":
        for statement in POSTGRESQL:
            op.execute(statement)


# A beginning without an index of its own is gathered from all words that have it, every time it is asked for.
# The triggers of 0002 name the table, and fill the new one.
SQLITE = (
    "DROP TABLE case_fts",
    "CREATE VIRTUAL TABLE case_fts USING fts5("
    "body, content='case_text', content_rowid='opened_seq', detail=none, prefix='3 4 5 6 7 8', tokenize='ascii')",
    "INSERT INTO case_fts (case_fts) VALUES ('rebuild')",
)
# By default, new words lie in a list without order, which every search reads from end to end.
POSTGRESQL = (
    "ALTER INDEX ix_case_text_words SET (fastupdate = off)",
    "SELECT gin_clean_pending_list('ix_case_text_words')",
)
