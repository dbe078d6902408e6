"""The lines of the access record, one chain for all cases and people. Pure: no database, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from pydantic import JsonValue

from casebook.case_log.line_chain import UNSEALED, sealed
from contracts.accesses import Access, AccessKind
from contracts.hashing import content_hash

WINDOW = timedelta(minutes=15)
"""Views of the same by the same person within one such part of the day are one line."""


@dataclass(frozen=True)
class Seen:
    """Somebody saw something: a line that is yet to be written, once however often it is."""

    at: datetime
    subject: str
    kind: AccessKind
    once: str
    case_id: str | None = None
    target: str | None = None
    detail: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])


def seen_in_window(
    at: datetime, subject: str, kind: AccessKind, case_id: str | None = None, target: str | None = None
) -> Seen:
    """What is one line within `WINDOW`, whichever process writes it."""
    window = int(at.astimezone(UTC).timestamp() // WINDOW.total_seconds())
    once = content_hash([kind, subject, case_id, target, window])
    return Seen(at, subject, kind, once, case_id, target)


def seen_each_time(
    at: datetime,
    subject: str,
    kind: AccessKind,
    case_id: str | None = None,
    target: str | None = None,
    detail: Mapping[str, JsonValue] | None = None,
) -> Seen:
    """What is a line of its own each time: an export leaves the house."""
    return Seen(at, subject, kind, str(uuid4()), case_id, target, detail or {})


def chained(previous: str | None, number: int, seen: Seen) -> Access:
    """The next line of the record, after the line with the hash `previous`."""
    access = Access(
        number=number,
        at=seen.at,
        subject=seen.subject,
        kind=seen.kind,
        case_id=seen.case_id,
        target=seen.target,
        detail=dict(seen.detail),
        once=seen.once,
        hash=UNSEALED,
    )
    return sealed(previous, access)
