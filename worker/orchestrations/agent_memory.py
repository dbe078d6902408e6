"""The agents' memory of earlier rounds, and what happens when it cannot be written."""

from durabletask import task
from pydantic import ValidationError

from contracts.ids import memory_key
from contracts.steps import (
    AddedReason,
    Conclusion,
    ErrorId,
    MemoryKept,
    RememberFeedbackInput,
    RememberRoundInput,
    TakenDecision,
)
from worker.domain.failures import error_of, id_of
from worker.orchestrations import activity_stubs
from worker.orchestrations.activity_stubs import Orchestration
from worker.orchestrations.case import OpenCase


class CaseMemory:
    """Kept by the `FraudAnalysisAgent` entity: which rounds there were, by the ids of what was concluded and said.

    Once the entity has failed, the case no longer closes without a person. What earlier rounds
    found is in the casebook.
    """

    def __init__(self, ctx: task.OrchestrationContext, case: OpenCase) -> None:
        self._ctx = ctx
        self._key = memory_key(case.case_id)
        self._loss: ErrorId | None = None

    @property
    def loss(self) -> tuple[AddedReason, ...]:
        """Why the case must go to a person; nothing as long as all was remembered."""
        return () if self._loss is None else (AddedReason(why="memory_lost", error=self._loss),)

    def keep_round(self, concluded: Conclusion) -> Orchestration[None]:
        """Remember what a round concluded."""
        kept = RememberRoundInput(round=concluded.round, assessment_hash=concluded.assessment_hash)
        yield from self._keep(activity_stubs.remember_round(self._ctx, self._key, kept))

    def keep_feedback(self, round_number: int, decision: TakenDecision) -> Orchestration[None]:
        """Remember that a person answered to a round."""
        said = RememberFeedbackInput(round=round_number, review_id=decision.review_id)
        yield from self._keep(activity_stubs.remember_feedback(self._ctx, self._key, said))

    def _keep(self, call: Orchestration[MemoryKept]) -> Orchestration[None]:
        try:
            yield from call
        except task.TaskFailedError as failure:
            cause = failure.details.inner_failure or failure.details
            self._loss = error_of(cause.error_type, cause.message)
        except ValidationError as fault:
            self._loss = id_of(type(fault).__name__)
