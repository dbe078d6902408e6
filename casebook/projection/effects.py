"""What was approved is carried out, or what the approval relied on changes first."""

from collections.abc import Iterator
from typing import ClassVar

from casebook.projection.case_head import CaseHead
from casebook.projection.changes import Change, ProjectedTable, Put
from casebook.projection.event_data import EventData, Occurrence
from casebook.schema.effects import EffectRow
from contracts.effect import Effect, EffectTerms
from contracts.names import CaseEventType

EFFECT = ProjectedTable(EffectRow, ("key",))


class EffectStarted(EventData, Effect):
    """An approved effect is about to happen."""

    type: ClassVar[CaseEventType] = "effect_started"
    named_by: ClassVar[tuple[str, ...]] = ("key",)

    approved: EffectTerms

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        effect = Effect(**{name: getattr(self, name) for name in Effect.model_fields})
        standing = {"action": self.action, "status": self.status}
        yield Put(EFFECT, {"key": self.key}, standing, {"started_seq": at.seq}, effect)
        case.move("acting")


class EffectFinished(EffectStarted):
    """What came of it."""

    type: ClassVar[CaseEventType] = "effect_finished"
    named_by: ClassVar[tuple[str, ...]] = ("key", "status")


class FactsChanged(EventData):
    """What the approval of a round relied on no longer holds: it allows nothing from here on."""

    type: ClassVar[CaseEventType] = "facts_changed"
    named_by: ClassVar[tuple[str, ...]] = ("round",)

    round: int
    changes: tuple[str, ...]
