"""How a store of an older schema version becomes one of the next: in the transaction that raises the version."""

import sqlite3
from collections.abc import Callable, Mapping

_PARTS_OF_CHARGES = (
    "ALTER TABLE charge ADD COLUMN refunded_minor INTEGER NOT NULL DEFAULT 0 "
    "CHECK (refunded_minor BETWEEN 0 AND amount_minor)",
    "ALTER TABLE refund RENAME TO refund_in_full",
    """
    CREATE TABLE refund (
        charge_id       TEXT NOT NULL REFERENCES charge,
        idempotency_key TEXT NOT NULL REFERENCES effect DEFERRABLE INITIALLY DEFERRED,
        amount_minor    INTEGER NOT NULL CHECK (amount_minor > 0),
        refunded_at     TEXT NOT NULL,
        reversed_by     TEXT REFERENCES effect DEFERRABLE INITIALLY DEFERRED,
        PRIMARY KEY (charge_id, idempotency_key)
    ) STRICT
    """,
    # A refund whose reversal the ledger records was charged again since.
    """
    INSERT INTO refund (charge_id, idempotency_key, amount_minor, refunded_at, reversed_by)
    SELECT whole.charge_id, whole.idempotency_key, charge.amount_minor, whole.refunded_at,
           (SELECT undone.idempotency_key FROM effect AS undone
            WHERE undone.action = 'record_refund_reversal'
            AND json_extract(undone.arguments, '$.refund_key') = whole.idempotency_key)
    FROM refund_in_full AS whole JOIN charge ON charge.charge_id = whole.charge_id
    ORDER BY whole.rowid
    """,
    "DROP TABLE refund_in_full",
    "CREATE INDEX refund_of_order ON refund (idempotency_key)",
    "UPDATE charge SET status = 'posted' WHERE charge_id IN (SELECT charge_id FROM refund WHERE reversed_by NOTNULL)",
    "UPDATE charge SET refunded_minor = amount_minor WHERE status = 'refunded'",
)


def _count_parts_of_charges(connection: sqlite3.Connection) -> None:
    """From 2 to 3: a charge says how much of it was given back, and a refund how much it gave of each charge."""
    for statement in _PARTS_OF_CHARGES:
        connection.execute(statement)


MIGRATIONS: Mapping[int, Callable[[sqlite3.Connection], None]] = {2: _count_parts_of_charges}
"""By the version that they start from."""
