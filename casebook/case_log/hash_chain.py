"""The hash chain of the case log. Pure: no database, no clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from casebook.policy.actors import SYSTEM, WORKER
from casebook.projection.changes import as_json
from contracts.case import CaseEvent
from contracts.hashing import HASH_PREFIX, content_hash, quoted, text_hash

_OUTSIDE_CASES = frozenset(
    {
        "access",
        "alert_snooze",
        "assignment_setting",
        "assignment_turn",
        "chat_user",
        "desk_change",
        "detection_rule",
        "purged_case",
        "risk_model",
        "rule_version",
        "saved_view",
        "schedule",
        "subscription",
        "suppression",
    }
)
"""Tables that no event of a case is about."""

_UNSEALED = HASH_PREFIX + "0" * 64


def person_of(actor: str | None) -> str | None:
    """The person who an event's actor is; None when the product did it by itself."""
    return None if actor in (None, SYSTEM, WORKER) else actor


@dataclass(frozen=True)
class BrokenLink:
    """The first thing in a case's record that is not as the log says, and what is wrong with it."""

    case_id: str
    seq: int
    """Of the invalid event, or of the event that made the invalid row. Outside cases the number of a line."""
    reason: str
    row: str = "event"
    """Which row: `event`, or a table and its key."""

    @property
    def place(self) -> str:
        """Event and row, in words."""
        if self.row.partition(" ")[0] in _OUTSIDE_CASES:
            return self.row
        return f"event {self.seq}" if self.row == "event" else f"event {self.seq}, {self.row}"


def event_hash(event: CaseEvent) -> str:
    """`content_hash` of all fields but `hash` itself. Raises ValueError if `data` holds NaN or an infinity."""
    return content_hash(event.model_dump(mode="json", exclude={"hash"}))


def logged_hash(
    *,
    seq: int,
    case_id: str,
    type: str,  # noqa: A002 - the contract's own word
    at: datetime,
    actor: str,
    data: str,
    prev_hash: str | None,
) -> str:
    """`event_hash` of a stored event: `data` is text, and is hashed unchanged."""
    previous = "null" if prev_hash is None else quoted(prev_hash)
    head = f'{{"actor":{quoted(actor)},"at":"{as_json(at.astimezone(UTC))}","case_id":{quoted(case_id)}'
    return text_hash(f'{head},"data":{data},"prev_hash":{previous},"seq":{seq},"type":{quoted(type)}}}')


def seal(event: CaseEvent) -> CaseEvent:
    """The event with its hash filled in; whatever hash it had is replaced."""
    return event.model_copy(update={"hash": event_hash(event)})


def unsealed_hash() -> str:
    """A well-formed placeholder for an event that is about to be sealed."""
    return _UNSEALED


class ChainCheck:
    """Follows the log of one case, event by event; holds one hash, never the log."""

    def __init__(self) -> None:
        self.last_seq = 0
        """`seq` of the last event that followed; 0 before the first."""
        self.last_hash: str | None = None
        """The hash that the next event must link to; None before the first."""

    def follow(self, event: CaseEvent, digest: str | None = None) -> BrokenLink | None:
        """Take the next event. Returns what is wrong with it, if anything; the check is over then.

        `digest`: the hash of what the log keeps of it; None: of what the event says.
        """
        reason = self._fault_of(event, event_hash(event) if digest is None else digest)
        if reason is not None:
            return BrokenLink(event.case_id, event.seq, reason)
        self.last_seq = event.seq
        self.last_hash = event.hash
        return None

    def _fault_of(self, event: CaseEvent, digest: str) -> str | None:
        if event.seq <= self.last_seq:
            return f"its seq does not follow {self.last_seq}"
        if event.prev_hash != self.last_hash:
            return "it does not link to the event before it in its case"
        if event.hash != digest:
            return "its content does not match its hash"
        return None


def verify_chain(events: Iterable[CaseEvent]) -> BrokenLink | None:
    """The first broken link, or None. Takes whole case logs, each in `seq` order; several may be interleaved.

    Finds a changed, removed, inserted or reordered event. An event cut off the end of a log leaves an
    intact chain: `WorkspaceApi.audit` finds that too.
    """
    checks: dict[str, ChainCheck] = {}
    for event in events:
        broken = checks.setdefault(event.case_id, ChainCheck()).follow(event)
        if broken is not None:
            return broken
    return None
