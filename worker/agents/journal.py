"""The journal of an agent's run, so that a repeated attempt repeats no step and pays for none twice.

Each model call has a key (`r1-location-m2`), and so has each batch of tool calls (`r1-location-t1`): the recorded
evidence is what the model saw, even when the attempt that saw it died.

Waiting for the disk costs more than most steps, so no step waits alone. An answer that was paid for is stored before
anything else that takes time begins: the next tool calls, the next model call. Tool answers cost nothing, and are
stored with the model's answer to them. The final answer of a run is stored with its result: with the
assessment, or with the report, whose evidence contains the tool answers. A crash repeats at most the one call that
was in flight or had just been answered.
"""

import logging
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from contracts.base import Contract
from contracts.journal import JournalEntry
from contracts.report import Evidence
from contracts.spend import ModelUse
from worker.ports.model import ModelReply
from worker.ports.record import Journal

log = logging.getLogger(__name__)

Step = TypeVar("Step", bound=BaseModel)
Unkept = tuple[str, BaseModel, ModelUse | None]
"""A step that is not in the journal yet: its key, what it brought, and what that cost."""

UNWRITABLE = "{}"
"""Replaces a step that cannot be stored, and is read as no step."""


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
        self._unkept: list[Unkept] = []

    @property
    def answers(self) -> tuple[JournalEntry, ...]:
        """What was paid for and is not kept yet: keep it together with what comes of the run."""
        return tuple(_entry(step) for step in self._unkept if _was_paid_for(step))

    @contextmanager
    def kept_when_broken(self) -> Generator[None]:
        """Within, an error does not lose what was paid for."""
        try:
            yield
        except Exception:
            self.keep()
            raise

    def keep(self) -> None:
        """Keep all that is not kept yet: the run is not over."""
        if self._unkept:
            self._journal.save_journal(self._case_id, [_entry(step) for step in self._unkept])
            self._unkept.clear()

    def model_call(
        self, number: int, ask: Callable[[], ModelReply], use_of: Callable[[ModelReply], ModelUse]
    ) -> ModelReply:
        """The model's n-th answer: the recorded one, or else what `ask` brings; `use_of` says what that cost."""
        return self._once(f"m{number}", ModelReply, ask, use_of)

    def tool_batch(self, number: int, run: Callable[[], RecordedBatch]) -> RecordedBatch:
        """The tools' answers to the n-th turn: the recorded ones, or else what `run` brings."""
        return self._once(f"t{number}", RecordedBatch, run)

    def _once(
        self, number: str, step: type[Step], do: Callable[[], Step], use_of: Callable[[Step], ModelUse] | None = None
    ) -> Step:
        key = f"{self._run}-{number}"
        # What is done again is another step, with a cost of its own: under a key only the first counts.
        while key in self._kept:
            recorded = self._recorded(key, step)
            if recorded is not None:
                return recorded
            key = f"{key}-again"
        self._keep_answers()
        brought = do()
        self._unkept.append((key, brought, use_of(brought) if use_of else None))
        return brought

    def _recorded(self, key: str, step: type[Step]) -> Step | None:
        try:
            return step.model_validate_json(self._kept[key])
        except ValidationError:
            extra = {"case_id": self._case_id}
            log.warning("The journal entry %s cannot be read here; doing it again.", key, extra=extra)
            return None

    def _keep_answers(self) -> None:
        if any(_was_paid_for(step) for step in self._unkept):
            self.keep()


def _was_paid_for(step: Unkept) -> bool:
    return step[2] is not None


def _entry(step: Unkept) -> JournalEntry:
    key, brought, use = step
    try:
        body = brought.model_dump_json()
    except (ValueError, RecursionError):
        # Whatever it holds, it was paid for: that is on record even where the step itself cannot be written.
        log.exception("The step %s cannot be written; what it cost is kept.", key)
        body = UNWRITABLE
    return JournalEntry(key, body, use)
