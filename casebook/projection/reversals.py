"""Events of reversals: requested, decided, carried out."""

from collections.abc import Collection, Iterator, Mapping
from typing import ClassVar

from casebook.policy.log_facts import Data, LogFacts
from casebook.projection.case_head import CaseHead
from casebook.projection.changes import Change, Insert, ProjectedTable, Update
from casebook.projection.event_data import Actors, EventData, Occurrence
from casebook.schema.approvals import ReversalRow
from contracts import domain_events
from contracts.case import CaseEvent
from contracts.ids import reversal_key
from contracts.kinds.fraud import FRAUD
from contracts.names import CaseEventType
from contracts.reversal import Reversal

REVERSAL = ProjectedTable(ReversalRow, ("reversal_id",), unlogged=("scheduled_at",))


_OF_THE_REQUEST = ("case_id", "action", "undoes", "reason", "requested_by", "requested_at")
_OF_THE_DECISION = ("decided_by", "decided_at", "comment")
ACTIVE = ("requested", "approved", "done")
"""An effect has one request in these states at a time."""
APPROVED = ("approved", "done", "failed")
"""An approval stays on record with its result."""


class _ReversalNoted(EventData, Reversal):
    """How far a reversal is."""

    follows_closing: ClassVar[bool] = True
    named_by: ClassVar[tuple[str, ...]] = ("reversal_id",)

    @classmethod
    def guard(cls, log: LogFacts, event: CaseEvent, data: Data) -> str | None:
        known = log.reversals.get(str(data["reversal_id"]))
        reason = cls._why_not(log, event, known)
        log.reversals[str(data["reversal_id"])] = data
        return reason

    @classmethod
    def _why_not(cls, log: LogFacts, event: CaseEvent, known: Data | None) -> str | None:
        return _why_not_carried_out(event.data, known)

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        yield Update(REVERSAL, {"reversal_id": self.reversal_id}, {"status": self.status}, self._reversal())

    def _reversal(self) -> Reversal:
        return Reversal(**{name: getattr(self, name) for name in Reversal.model_fields})


class ReversalRequested(_ReversalNoted):
    """Somebody asks for it."""

    type: ClassVar[CaseEventType] = "reversal_requested"
    kind: ClassVar[str | None] = FRAUD.name
    actors: ClassVar[Actors] = "people"

    @classmethod
    def _why_not(cls, log: LogFacts, event: CaseEvent, known: Data | None) -> str | None:
        data: Data = event.data
        if known is not None or data["status"] != "requested":
            return "it was asked for before"
        if data["undoes"] not in log.done:
            return "what it reverses was not done"
        if any(each["undoes"] == data["undoes"] and each["status"] in ACTIVE for each in log.reversals.values()):
            return "another request to reverse the same stands"
        return None if event.actor == data["requested_by"] else f"{data['requested_by']} is said to have asked"

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        asked = {name: getattr(self, name) for name in ("reversal_id", "action", "undoes", "status")}
        yield Insert(REVERSAL, {**asked, "requested_seq": at.seq}, self._reversal())


class ReversalDecided(_ReversalNoted):
    """Another person approves it, or somebody refuses it."""

    type: ClassVar[CaseEventType] = "reversal_decided"
    kind: ClassVar[str | None] = FRAUD.name
    actors: ClassVar[Actors] = "people"

    @classmethod
    def _why_not(cls, log: LogFacts, event: CaseEvent, known: Data | None) -> str | None:
        data: Data = event.data
        if known is None or known["status"] != "requested" or data["status"] not in ("approved", "refused"):
            return "nobody had asked for it"
        if not _same(data, known, _OF_THE_REQUEST):
            return "something else had been asked for"
        if data["status"] == "approved" and data["decided_by"] == known["requested_by"]:
            return "it takes another person than the one who asked"
        return None if event.actor == data["decided_by"] else f"{data['decided_by']} is said to have decided"


class ReversalStarted(_ReversalNoted):
    """It is about to happen."""

    type: ClassVar[CaseEventType] = "reversal_started"
    kind: ClassVar[str | None] = FRAUD.name


class ReversalFinished(_ReversalNoted):
    """Its result, or that it was given up."""

    type: ClassVar[CaseEventType] = "reversal_finished"
    kind: ClassVar[str | None] = FRAUD.name

    def dedupe_key(self, previous_seq: int = 0) -> str:
        """The result is part of the dedupe key: a reversal that was given up may still turn out to have been done."""
        assert self.effect is not None, "a reversal finishes with an effect"
        given_up = ":given_up" if (self.status, self.effect.status) == ("failed", "unknown") else ""
        return f"{super().dedupe_key(previous_seq)}:{self.effect.status}{given_up}"

    def tells(self, case_id: str) -> Iterator[domain_events.DomainEvent]:
        assert self.effect is not None, "what has finished has a result"
        yield domain_events.ActionReversed(
            case_id=case_id, reversal_id=self.reversal_id, undoes=self.undoes, status=self.effect.status
        )


def _why_not_carried_out(data: Data, known: Data | None) -> str | None:
    """Of what starts, and of what ends; what was given up may still turn out to have been done."""
    if known is None or known["status"] not in APPROVED or data["status"] not in APPROVED:
        return "nobody had approved it"
    if known["status"] == "done" or (known["status"] == "failed" and data["status"] != "done"):
        return "it had ended"
    if not _same(data, known, (*_OF_THE_REQUEST, *_OF_THE_DECISION)):
        return "something else had been approved"
    effect = data["effect"]
    key = reversal_key(data["case_id"], data["action"], str(data["undoes"]), str(data["reversal_id"]))
    if not isinstance(effect, Mapping) or (effect["key"], effect["action"]) != (key, data["action"]):
        return "it is about something else than was approved"
    return None


def _same(data: Data, known: Data, names: Collection[str]) -> bool:
    return all(data.get(name) == known.get(name) for name in names)
