"""The journal of model calls becomes a chain, and what was spent before it is its baseline.

Follows: 0006.
"""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# What follows is as the release of this schema had it: a migration must do the same for ever.
BASELINE = "baseline"
BASELINE_ROWS = "spent_before"


class UtcTimestamp(sa.TypeDecorator[datetime]):
    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC).replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


def _sha256(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _link(previous: str | None, number: int, key: str, response: str, at: datetime, use: str | None) -> str:
    said = {
        "previous": previous,
        "number": number,
        "key": key,
        "response_hash": _sha256(response),
        "recorded_at": at.isoformat().replace("+00:00", "Z"),
        "use": use,
    }
    return _sha256(json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False))


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
        head = _link(head, number, row.key, row.response, row.recorded_at, None)
        which = (_CALL.c.case_id == case_id, _CALL.c.key == row.key)
        connection.execute(sa.update(_CALL).where(*which).values(number=number, hash=head))
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
    link = _link(head, number, BASELINE, "{}", at, use)
    values = {"case_id": case_id, "key": BASELINE, "response": "{}", "recorded_at": at}
    connection.execute(sa.insert(_CALL).values(**values, number=number, use=use, hash=link))
    return link
