"""The hash chain of the desk log. Pure: no database, no clock.

One chain for all that belongs to no case: a line that is changed, removed, added or moved breaks it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from pydantic import JsonValue

from contracts.desk_log import DeskChange, DeskChangeKind
from contracts.hashing import content_hash

Values: TypeAlias = Mapping[str, JsonValue] | None
"""What something was, or is; None: it was not, or is no more."""


@dataclass(frozen=True)
class Changed:
    """Somebody changed something: a line that is yet to be written."""

    at: datetime
    actor: str
    kind: DeskChangeKind
    name: str
    before: Values
    after: Values
    owner: str | None = None


def change_hash(previous: str | None, change: DeskChange) -> str:
    """The hash of a line that follows the line with the hash `previous`."""
    said = change.model_dump(mode="json", exclude={"hash"})
    return content_hash({"previous": previous, **said})


def chained(previous: str | None, number: int, changed: Changed) -> DeskChange:
    """The next line of the log, after the line with the hash `previous`."""
    change = DeskChange(
        number=number,
        at=changed.at,
        actor=changed.actor,
        kind=changed.kind,
        owner=changed.owner,
        name=changed.name,
        before=None if changed.before is None else dict(changed.before),
        after=None if changed.after is None else dict(changed.after),
        hash=content_hash([]),
    )
    return change.model_copy(update={"hash": change_hash(previous, change)})
