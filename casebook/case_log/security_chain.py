"""The lines of the security log, one chain for all of them. Pure: no database, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from pydantic import JsonValue

from casebook.case_log.line_chain import UNSEALED, sealed
from contracts.hashing import content_hash
from contracts.security import SecurityEvent, SecurityEventKind, SecurityOutcome

WINDOW = timedelta(minutes=1)
"""The same, by the same caller, within one such part of the day is one line."""


@dataclass(frozen=True)
class Noted:
    """Something happened that the security log is about: a line that is yet to be written."""

    at: datetime
    kind: SecurityEventKind
    outcome: SecurityOutcome
    subject: str | None
    address: str
    target: str | None = None
    reason: str | None = None
    detail: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    once: str = field(default_factory=lambda: str(uuid4()))


def in_window(
    at: datetime,
    kind: SecurityEventKind,
    outcome: SecurityOutcome,
    subject: str | None,
    address: str,
    target: str | None,
    reason: str | None,
    length: timedelta = WINDOW,
) -> Noted:
    """What is one line within a part of the day of that length, whichever process writes it."""
    window = int(at.astimezone(UTC).timestamp() // length.total_seconds())
    once = content_hash([kind, outcome, subject, address, target, reason, window])
    return Noted(at, kind, outcome, subject, address, target, reason, once=once)


def chained(previous: str | None, number: int, noted: Noted) -> SecurityEvent:
    """The next line of the log, after the line with the hash `previous`."""
    event = SecurityEvent(
        number=number,
        at=noted.at,
        kind=noted.kind,
        outcome=noted.outcome,
        subject=noted.subject,
        address=noted.address,
        target=noted.target,
        reason=noted.reason,
        detail=dict(noted.detail),
        once=noted.once,
        hash=UNSEALED,
    )
    return sealed(previous, event)
