"""Appends to the access record. Each command runs inside one transaction."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, insert, select, update

from casebook.case_log.access_chain import Seen, chained
from casebook.schema.accesses import AccessHead, AccessRow
from casebook.schema.base import table_of
from contracts.accesses import Access
from contracts.hashing import canonical_json

_ACCESSES, _HEAD = table_of(AccessRow), table_of(AccessHead)
_LOCK = select(_HEAD.c.last_number, _HEAD.c.last_hash).where(_HEAD.c.id == 1).with_for_update()
_KNOWN = select(_ACCESSES.c.once).where(_ACCESSES.c.once.in_(bindparam("keys", expanding=True)))
_APPEND = insert(_ACCESSES)
_ADVANCE = update(_HEAD).where(_HEAD.c.id == 1)


def record_accesses(connection: Connection, seen: Sequence[Seen]) -> int:
    """Append what is not on record yet, and return how many lines that were. Four statements, however many they are."""
    # Whoever appends waits here for the commit of the other: so the chain has one end.
    number, digest = connection.execute(_LOCK).one()
    by_key = {each.once: each for each in seen}
    for known in connection.scalars(_KNOWN, {"keys": [*by_key]}):
        del by_key[known]
    if not by_key:
        return 0
    rows: list[dict[str, object]] = []
    for each in by_key.values():
        access = chained(digest, number + 1, each)
        number, digest = access.number, access.hash
        rows.append(_row(access))
    connection.execute(_APPEND, rows)
    connection.execute(_ADVANCE.values(last_number=number, last_hash=digest))
    return len(rows)


def _row(access: Access) -> dict[str, object]:
    return {**dict(access), "detail": canonical_json(access.detail)}
