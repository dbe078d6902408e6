"""The journal of agents' runs, and their results. Each command runs inside one transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select

from casebook.case_log.call_chain import chained, stored_use
from casebook.case_log.locked_case import LockedCase, lock_case
from casebook.queries.model_spend import note_use
from casebook.schema.agent_journal import ModelCallRow
from casebook.schema.base import table_of
from contracts.journal import JournalEntry

_CALLS = table_of(ModelCallRow)
_KEPT = select(_CALLS.c.key).where(
    _CALLS.c.case_id == bindparam("case_id"), _CALLS.c.key.in_(bindparam("keys", expanding=True))
)
_KEEP = insert(_CALLS)


def save_journal(connection: Connection, case_id: str, entries: Sequence[JournalEntry], now: datetime) -> None:
    """Keep what a run did and what that cost; the first under a key counts. Raises CaseNotFound."""
    case = lock_case(connection, case_id)
    add_to_journal(connection, case, entries, now)
    case.store(connection)


def add_to_journal(connection: Connection, case: LockedCase, entries: Sequence[JournalEntry], now: datetime) -> None:
    """The same for a case that the caller holds and stores: the head of the journal moves."""
    if not entries:
        return
    kept = (
        connection.execute(_KEPT, {"case_id": case.case_id, "keys": [entry.key for entry in entries]}).scalars().all()
    )
    new = [entry for entry in entries if entry.key not in kept]
    if not new:
        return
    connection.execute(_KEEP, [_linked(case, entry, now) for entry in new])
    for entry in new:
        if entry.use is not None:
            note_use(connection, case.case_id, case.rule_id, entry.use, now)


def _linked(case: LockedCase, entry: JournalEntry, now: datetime) -> dict[str, Any]:
    """The row of an entry, which becomes the head of the journal."""
    use = stored_use(entry.use)
    call = chained(case.journal_hash, case.journal_entries + 1, entry.key, entry.body, now, use)
    case.journal_entries, case.journal_hash = call.number, call.hash
    row = {"case_id": case.case_id, "key": entry.key, "response": entry.body, "recorded_at": now}
    return {**row, "number": call.number, "use": use, "hash": call.hash}
