"""The hash chain of the case log. Pure: no database, no clock."""

from collections.abc import Iterable
from dataclasses import dataclass

from contracts.case import CaseEvent
from contracts.hashing import HASH_PREFIX, content_hash

_UNSEALED = HASH_PREFIX + "0" * 64


@dataclass(frozen=True)
class BrokenLink:
    """The first event that does not follow from the one before it, and what is wrong with it."""

    case_id: str
    seq: int
    reason: str


def event_hash(event: CaseEvent) -> str:
    """`content_hash` of all fields but `hash` itself. Raises ValueError if `data` holds NaN or an infinity."""
    return content_hash(event.model_dump(mode="json", exclude={"hash"}))


def seal(event: CaseEvent) -> CaseEvent:
    """The event with its hash filled in; whatever hash it had is replaced."""
    return event.model_copy(update={"hash": event_hash(event)})


def unsealed_hash() -> str:
    """A well-formed placeholder for an event that is about to be sealed."""
    return _UNSEALED


class ChainCheck:
    """Follows a log event by event; holds one hash per case, never the log."""

    def __init__(self) -> None:
        self.last_seq = 0
        """`seq` of the last event that followed."""
        self._last_hash: dict[str, str] = {}

    def last_hash_of(self, case_id: str) -> str | None:
        """The hash that the case's next event must link to; None before its first."""
        return self._last_hash.get(case_id)

    def follow(self, event: CaseEvent) -> BrokenLink | None:
        """Take the next event. Returns what is wrong with it, if anything; the check is over then."""
        if event.seq <= self.last_seq:
            return BrokenLink(event.case_id, event.seq, f"its seq does not follow {self.last_seq}")
        if event.prev_hash != self.last_hash_of(event.case_id):
            return BrokenLink(event.case_id, event.seq, "it does not link to the event before it in its case")
        if event.hash != event_hash(event):
            return BrokenLink(event.case_id, event.seq, "its content does not match its hash")
        self.last_seq = event.seq
        self._last_hash[event.case_id] = event.hash
        return None


def verify_chain(events: Iterable[CaseEvent]) -> BrokenLink | None:
    """The first broken link, or None. Takes whole case logs in `seq` order; several cases may be interleaved.

    Finds a changed, removed, inserted or reordered event. An event cut off the end of a log leaves an
    intact chain: `CaseBook.verify_audit` finds that too.
    """
    check = ChainCheck()
    for event in events:
        broken = check.follow(event)
        if broken is not None:
            return broken
    return None
