"""What a run has already done, so that a repeated attempt does and pays for nothing twice.

Each model call has a key (`r1-location-m2`), and so has each batch of tool calls (`r1-location-t1`): what the model
saw stays what is recorded as evidence, even when the attempt that saw it died. A crash between an answer and its
record repeats that one call.
"""

import logging
from collections.abc import Callable
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from contracts.model import Contract
from contracts.report import Evidence
from contracts.spend import ModelUse
from worker.ports.model import ModelReply
from worker.ports.record import Journal

log = logging.getLogger(__name__)

Entry = TypeVar("Entry", bound=BaseModel)


class RecordedCall(Contract):
    """One tool call and how long it took."""

    evidence: Evidence
    duration_ms: int


class RecordedBatch(Contract):
    """The tool calls of one turn, in the order in which they were asked for."""

    calls: tuple[RecordedCall, ...]


class RunJournal:
    """The journal of one agent's run in one round: `prefix` is `r1-location`."""

    def __init__(self, journal: Journal, case_id: str, prefix: str) -> None:
        self._journal = journal
        self._case_id = case_id
        self._prefix = prefix

    def model_call(
        self, number: int, ask: Callable[[], ModelReply], use_of: Callable[[ModelReply], ModelUse]
    ) -> ModelReply:
        """The model's n-th answer: the recorded one, or else what `ask` brings; `use_of` says what that cost."""
        return self._once(f"m{number}", ModelReply, ask, use_of)

    def tool_batch(self, number: int, run: Callable[[], RecordedBatch]) -> RecordedBatch:
        """The tools' answers to the n-th turn: the recorded ones, or else what `run` brings."""
        return self._once(f"t{number}", RecordedBatch, run)

    def _once(
        self,
        step: str,
        entry: type[Entry],
        do: Callable[[], Entry],
        use_of: Callable[[Entry], ModelUse] | None = None,
    ) -> Entry:
        key = f"{self._prefix}-{step}"
        recorded = self._journal.recall_model_call(self._case_id, key)
        if recorded is not None:
            try:
                return entry.model_validate(recorded)
            except ValidationError:
                log.warning("The journal entry %s is of another release; doing it again.", key, extra=self._extra)
        done = do()
        use = use_of(done) if use_of else None
        self._journal.record_model_call(self._case_id, key, done.model_dump(mode="json"), use)
        return done

    @property
    def _extra(self) -> dict[str, str]:
        return {"case_id": self._case_id}
