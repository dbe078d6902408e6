"""The journal of model calls becomes a chain, and what was spent before it is its baseline.

Follows: 0006.
"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from casebook.call_chain import BASELINE, BASELINE_ROWS, chained
from casebook.tables import UtcTimestamp

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_CASE = sa.table(
    "case",
    sa.column("case_id", sa.Text()),
    sa.column("journal_entries", sa.Integer()),
    sa.column("journal_hash", sa.Text()),
    sa.column("opened_at", UtcTimestamp()),
)
_CALL = sa.table(
    "model_call",
    *(sa.column(name, sa.Text()) for name in ("case_id", "key", "response", "use", "hash")),
    sa.column("number", sa.Integer()),
    sa.column("recorded_at", UtcTimestamp()),
)
_SPENT = (
    "SELECT round, agent, model, day, rule_id, model_calls, input_tokens, output_tokens, cost_micro_usd"
    " FROM model_spend WHERE case_id = :case_id ORDER BY round, agent, model, day"
)


def upgrade() -> None:
    op.add_column("case", sa.Column("journal_entries", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("case", sa.Column("journal_hash", sa.Text(), nullable=True))
    op.add_column("model_call", sa.Column("number", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("model_call", sa.Column("use", sa.Text(), nullable=True))
    op.add_column("model_call", sa.Column("hash", sa.Text(), nullable=False, server_default="unlinked"))
    connection = op.get_bind()
    of_cases = "SELECT case_id FROM model_call UNION SELECT case_id FROM model_spend ORDER BY case_id"
    for case_id in connection.execute(sa.text(of_cases)).scalars().all():
        _chain(connection, case_id)


def _chain(connection: sa.Connection, case_id: str) -> None:
    rows = connection.execute(
        sa.select(_CALL.c.key, _CALL.c.response, _CALL.c.recorded_at)
        .where(_CALL.c.case_id == case_id)
        .order_by(_CALL.c.recorded_at, _CALL.c.key)
    ).all()
    head: str | None = None
    for number, row in enumerate(rows, start=1):
        call = chained(head, number, row.key, row.response, row.recorded_at, None)
        which = (_CALL.c.case_id == case_id, _CALL.c.key == row.key)
        connection.execute(sa.update(_CALL).where(*which).values(number=number, hash=call.hash))
        head = call.hash
    spent = [[*row] for row in connection.execute(sa.text(_SPENT), {"case_id": case_id})]
    number = len(rows)
    if spent:
        number += 1
        head = _add_baseline(connection, case_id, number, head, spent, rows)
    held = sa.update(_CASE).where(_CASE.c.case_id == case_id)
    connection.execute(held.values(journal_entries=number, journal_hash=head))


def _add_baseline(
    connection: sa.Connection, case_id: str, number: int, head: str | None, spent: list[Any], rows: Any
) -> str:
    opened = sa.select(_CASE.c.opened_at).where(_CASE.c.case_id == case_id)
    at = rows[-1].recorded_at if rows else connection.execute(opened).scalar_one()
    use = json.dumps({BASELINE_ROWS: spent})
    call = chained(head, number, BASELINE, "{}", at, use)
    values = {"case_id": case_id, "key": BASELINE, "response": "{}", "recorded_at": at}
    connection.execute(sa.insert(_CALL).values(**values, number=number, use=use, hash=call.hash))
    return call.hash
