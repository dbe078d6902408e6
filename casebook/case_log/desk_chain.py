"""The lines of the desk log, one chain for all of them. Pure: no database, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from pydantic import JsonValue

from casebook.case_log.line_chain import UNSEALED, sealed
from contracts.desk_log import DeskChange, DeskChangeKind
from contracts.hashing import canonical_json

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
        hash=UNSEALED,
    )
    return sealed(previous, change)


def written(values: Values) -> str | None:
    """What something was, or is, as it is stored."""
    return None if values is None else canonical_json(dict(values))
