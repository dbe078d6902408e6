"""Saves what detection knows, together with how far it has judged. Each command runs inside one transaction."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, select, update

from casebook.commands.risk_score import add_lessons
from casebook.database.upserts import upsert
from casebook.errors import PartitionTaken
from casebook.schema.base import table_of
from casebook.schema.detector_states import DetectorPositionRow, DetectorStateRow

KEPT_FOR = timedelta(days=90)
"""What is known of who was not seen for so long is forgotten when the partition is taken."""
ADDRESS = "address:"
"""Of the keys of addresses. There are few, of the last day: they are read when the partition is taken."""
RISK = "risk:"
"""Of the keys of what the risk score knows of a partition: all of it is read when the partition is taken."""
_READ_AT_ONCE = 500

_POSITIONS, _STATES = table_of(DetectorPositionRow), table_of(DetectorStateRow)
_OF_POSITION = (_POSITIONS.c.source == bindparam("of_source"), _POSITIONS.c.partition == bindparam("of_partition"))
_OF_STATE = (_STATES.c.source == bindparam("of_source"), _STATES.c.partition == bindparam("of_partition"))
_LOCK = select(_POSITIONS).where(*_OF_POSITION).with_for_update()
_TAKE = update(_POSITIONS).where(*_OF_POSITION).values(owner=bindparam("new_owner"))
_SAVE = update(_POSITIONS).where(*_OF_POSITION, _POSITIONS.c.owner == bindparam("of_owner"))
_FORGET = delete(_STATES).where(*_OF_STATE, _STATES.c.saved_at < bindparam("before"))
_FORGET_ONE = delete(_STATES).where(*_OF_STATE, _STATES.c.key == bindparam("of_key"))
_BEGINNING = select(_STATES.c.key, _STATES.c.state).where(*_OF_STATE, _STATES.c.key.startswith(bindparam("prefix")))


@dataclass(frozen=True)
class PartitionKey:
    """Which partition of which source."""

    source: str
    partition: str


@dataclass(frozen=True)
class SavedPartition:
    """What was saved of a partition when it was taken."""

    position: int | None
    """None: nothing was judged yet."""
    held: bytes
    addresses: Mapping[str, bytes]
    risk: Mapping[str, bytes] = field(default_factory=dict[str, bytes])


@dataclass(frozen=True)
class Progress:
    """What is to be saved: all that changed since it was saved last."""

    position: int
    held: bytes
    states: Mapping[str, bytes]
    forgotten: Collection[str] = field(default_factory=tuple[str, ...])
    lessons: bytes = b""
    """Charges whose labels are known, for the learner of the risk score; empty: none."""


def take_partition(connection: Connection, of: PartitionKey, owner: str, now: datetime) -> SavedPartition:
    """Let `owner` judge the partition from now on, and nobody else."""
    first = upsert(connection, _POSITIONS).values(source=of.source, partition=of.partition, owner=owner, held=b"")
    connection.execute(first.on_conflict_do_nothing(index_elements=["source", "partition"]))
    bound = _bound(of)
    row = connection.execute(_LOCK, bound).one()
    connection.execute(_TAKE, {**bound, "new_owner": owner})
    connection.execute(_FORGET, {**bound, "before": now - KEPT_FOR})
    addresses, risk = (
        {each.key: each.state for each in connection.execute(_BEGINNING, {**bound, "prefix": prefix})}
        for prefix in (ADDRESS, RISK)
    )
    return SavedPartition(row.position, row.held, addresses, risk)


def read_states(connection: Connection, of: PartitionKey, keys: Collection[str]) -> dict[str, bytes]:
    """The states of these keys, as far as there are any."""
    wanted, found = sorted(keys), dict[str, bytes]()
    for at in range(0, len(wanted), _READ_AT_ONCE):
        some = select(_STATES.c.key, _STATES.c.state).where(
            *_OF_STATE, _STATES.c.key.in_(wanted[at : at + _READ_AT_ONCE])
        )
        found |= {row.key: row.state for row in connection.execute(some, _bound(of))}
    return found


def save_progress(connection: Connection, of: PartitionKey, owner: str, progress: Progress, now: datetime) -> None:
    """Save states and position together. Raises PartitionTaken when another process judges the partition now."""
    bound = _bound(of)
    saved = _SAVE.values(position=progress.position, held=progress.held, saved_at=now)
    if not connection.execute(saved, {**bound, "of_owner": owner}).rowcount:
        raise PartitionTaken(of.source, of.partition)
    if progress.forgotten:
        connection.execute(_FORGET_ONE, [{**bound, "of_key": key} for key in sorted(progress.forgotten)])
    if progress.states:
        insert = upsert(connection, _STATES)
        changed = insert.on_conflict_do_update(
            index_elements=["source", "partition", "key"],
            set_={"state": insert.excluded.state, "saved_at": insert.excluded.saved_at},
        )
        place = {"source": of.source, "partition": of.partition, "saved_at": now}
        connection.execute(changed, [{**place, "key": key, "state": state} for key, state in progress.states.items()])
    if progress.lessons:
        add_lessons(connection, progress.lessons)


def _bound(of: PartitionKey) -> dict[str, str]:
    return {"of_source": of.source, "of_partition": of.partition}
