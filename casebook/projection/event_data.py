"""The base of every event type: its data, who may cause it, its dedupe key, its guards, and its changes."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Literal, NamedTuple

from pydantic import JsonValue

from casebook.policy.log_facts import Data, LogFacts
from casebook.projection.case_head import CaseHead
from casebook.projection.changes import Change
from contracts.base import Contract
from contracts.case import CaseEvent
from contracts.domain_events import DomainEvent
from contracts.kinds import kind_of
from contracts.names import CaseEventType

Actors = Literal["product", "agents", "people", "people_or_system", "anybody"]


class Occurrence(NamedTuple):
    """The position and time of an event in the log of its case."""

    seq: int
    at: datetime
    actor: str
    previous_seq: int
    """Of the event before it in its case; 0 for the first."""


class JournalHead(Contract):
    """How far the journal of model calls had come."""

    entries: int
    hash: str | None


class EventData(Contract):
    """What an event of one type says. Its class is the one place where the type is declared."""

    type: ClassVar[CaseEventType]
    actors: ClassVar[Actors] = "product"
    """Whose it may be."""
    kind: ClassVar[str | None] = None
    """The kind of case to which it happens; None: any."""
    follows_closing: ClassVar[bool] = False
    """Whether it may still happen to a closed case."""
    named_by: ClassVar[tuple[str, ...]] = ()
    """What tells a step from others of its type."""
    recurs: ClassVar[bool] = False
    """Whether the same may happen again: each time follows another event."""

    @classmethod
    def happens_to(cls, case_id: str) -> bool:
        """Whether it happens to cases of this one's kind."""
        return cls.kind in (None, kind_of(case_id).name)

    def apply(self, case: CaseHead, at: Occurrence) -> Iterable[Change]:
        """Change the columns of `case`, and say how other rows of it change."""
        return ()

    def tells(self, case_id: str) -> Iterable[DomainEvent]:
        """What others, who cannot read the log, are told of it."""
        return ()

    @classmethod
    def guard(cls, log: LogFacts, event: CaseEvent, data: Data) -> str | None:
        """Why nothing that the log said so far justifies `event`; None when it is justified. Notes what it says.

        `data` is what the event says, as it was found, and not yet read as this class.
        Raises KeyError, TypeError or ValueError for an event that does not say what its type says.
        """
        return None

    @classmethod
    def named(cls, *values: object) -> str:
        """The dedupe key of the step that `named_by` tells apart by these values."""
        return ":".join(map(_as_text, (cls.type, *values)))

    def dedupe_key(self, previous_seq: int = 0) -> str:
        """The dedupe key of the step: a case logs it once, however often it is repeated."""
        values = [getattr(self, name) for name in self.named_by]
        return self.named(*values, previous_seq) if self.recurs else self.named(*values)

    def as_data(self) -> dict[str, JsonValue]:
        """As it is stored in the log."""
        return self.model_dump(mode="json")


def require_before(said: object, before: object) -> None:
    """Raises ValueError for an event that says that something else was changed than there was; None says nothing."""
    if said is not None and said != before:
        raise ValueError(f"it changes {before!r}, and says that it was {said!r}")


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
