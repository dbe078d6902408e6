"""An effect is reversed: asked for, decided, and carried out."""

from collections.abc import Iterator
from typing import ClassVar

from casebook.projection.case_head import CaseHead
from casebook.projection.changes import Change, Insert, ProjectedTable, Update
from casebook.projection.event_data import Actors, EventData, Occurrence
from casebook.schema.approvals import ReversalRow
from contracts.names import CaseEventType
from contracts.reversal import Reversal

REVERSAL = ProjectedTable(ReversalRow, ("reversal_id",), unlogged=("scheduled_at",))


class _ReversalNoted(EventData, Reversal):
    """How far a reversal is."""

    follows_closing: ClassVar[bool] = True
    named_by: ClassVar[tuple[str, ...]] = ("reversal_id",)

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        yield Update(REVERSAL, {"reversal_id": self.reversal_id}, {"status": self.status}, self._reversal())

    def _reversal(self) -> Reversal:
        return Reversal(**{name: getattr(self, name) for name in Reversal.model_fields})


class ReversalRequested(_ReversalNoted):
    """Somebody asks for it."""

    type: ClassVar[CaseEventType] = "reversal_requested"
    actors: ClassVar[Actors] = "people"

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        asked = {name: getattr(self, name) for name in ("reversal_id", "action", "undoes", "status")}
        yield Insert(REVERSAL, {**asked, "requested_seq": at.seq}, self._reversal())


class ReversalDecided(_ReversalNoted):
    """Another person approves it, or somebody refuses it."""

    type: ClassVar[CaseEventType] = "reversal_decided"
    actors: ClassVar[Actors] = "people"


class ReversalStarted(_ReversalNoted):
    """It is about to happen."""

    type: ClassVar[CaseEventType] = "reversal_started"


class ReversalFinished(_ReversalNoted):
    """What came of it, or that nobody goes on with it."""

    type: ClassVar[CaseEventType] = "reversal_finished"

    def dedupe_key(self, previous_seq: int = 0) -> str:
        """What came of it belongs to its name: what was given up may still turn out to have been done."""
        assert self.effect is not None, "a reversal finishes with an effect"
        given_up = ":given_up" if (self.status, self.effect.status) == ("failed", "unknown") else ""
        return f"{super().dedupe_key(previous_seq)}:{self.effect.status}{given_up}"
