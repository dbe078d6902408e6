"""What a run has already done, so that a repeated attempt does and pays for nothing twice.

Each model call has a key (`r1-location-m2`), and so has each batch of tool calls (`r1-location-t1`): what the model
saw stays what is recorded as evidence, even when the attempt that saw it died.

Waiting for the disk costs more than most steps, so no step waits alone. An answer that was paid for is kept before
anything else that takes time begins: the next tools, the next model call. What tools answered costs nothing, and is
kept with the answer that saw it. And what the run ends with is kept with what comes of it, the report or the
assessment. A crash repeats at most the one call that was under way or had just been answered.
"""

import logging
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from contracts.journal import JournalEntry
from contracts.model import Contract
from contracts.report import Evidence
from contracts.spend import ModelUse
from worker.ports.model import ModelReply
from worker.ports.record import Journal

log = logging.getLogger(__name__)

Step = TypeVar("Step", bound=BaseModel)


class RecordedCall(Contract):
    """One tool call and how long it took."""

    evidence: Evidence
    duration_ms: int


class RecordedBatch(Contract):
    """The tool calls of one turn, in the order in which they were asked for."""

    calls: tuple[RecordedCall, ...]


class RunJournal:
    """The journal of one agent's run in one round."""

    def __init__(self, journal: Journal, case_id: str, run: str, kept: Mapping[str, str]) -> None:
        """`run` is the run's id, `kept` what an earlier attempt has left in the journal."""
        self._journal = journal
        self._case_id = case_id
        self._run = run
        self._kept = kept
        self._held: list[JournalEntry] = []

    @property
    def held(self) -> tuple[JournalEntry, ...]:
        """What is not kept yet: keep it together with what comes of the run."""
        return tuple(self._held)

    @contextmanager
    def kept_when_broken(self) -> Generator[None]:
        """Within, an error does not lose what was paid for."""
        try:
            yield
        except Exception:
            self._keep()
            raise

    def model_call(
        self, number: int, ask: Callable[[], ModelReply], use_of: Callable[[ModelReply], ModelUse]
    ) -> ModelReply:
        """The model's n-th answer: the recorded one, or else what `ask` brings; `use_of` says what that cost."""
        key = f"{self._run}-m{number}"
        recorded = self._recorded(key, ModelReply)
        if recorded is not None:
            return recorded
        self._keep_answers()
        reply = ask()
        self._held.append(JournalEntry(key, reply.model_dump_json(), use_of(reply)))
        return reply

    def tool_batch(self, number: int, run: Callable[[], RecordedBatch]) -> RecordedBatch:
        """The tools' answers to the n-th turn: the recorded ones, or else what `run` brings."""
        key = f"{self._run}-t{number}"
        recorded = self._recorded(key, RecordedBatch)
        if recorded is not None:
            return recorded
        self._keep_answers()
        batch = run()
        self._held.append(JournalEntry(key, batch.model_dump_json()))
        return batch

    def _recorded(self, key: str, step: type[Step]) -> Step | None:
        body = self._kept.get(key)
        if body is None:
            return None
        try:
            return step.model_validate_json(body)
        except ValidationError:
            extra = {"case_id": self._case_id}
            log.warning("The journal entry %s is of another release; doing it again.", key, extra=extra)
            return None

    def _keep_answers(self) -> None:
        if any(entry.use is not None for entry in self._held):
            self._keep()

    def _keep(self) -> None:
        if self._held:
            self._journal.keep_journal(self._case_id, self._held)
            self._held.clear()
