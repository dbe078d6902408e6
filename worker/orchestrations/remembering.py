"""What later rounds know of earlier ones: the agent's memory, and what to do when it cannot be written."""

from collections.abc import Callable

from durabletask import task
from pydantic import ValidationError

from contracts.assessment import RiskAssessment
from contracts.ids import memory_key
from contracts.investigation import DurableAgentState, Feedback, RememberedRound, Remembrance
from worker import calls
from worker.calls import Steps
from worker.domain import memory
from worker.domain.failures import reason_for
from worker.orchestrations.case import OpenCase

_Remembering = Callable[[DurableAgentState], DurableAgentState]

LOST = "The case's memory could not be written: "


class CaseMemory:
    """Kept by the `FraudAnalysisAgent` entity.

    Once the entity has failed, the case goes on with what this orchestration knows itself, and no longer closes
    without a person.
    """

    def __init__(self, ctx: task.OrchestrationContext, case: OpenCase) -> None:
        self._ctx = ctx
        self._key = memory_key(case.case_id)
        self._known = DurableAgentState()
        self._loss: str | None = None

    @property
    def rounds(self) -> tuple[RememberedRound, ...]:
        """Every round that is remembered, the oldest first."""
        return self._known.rounds

    def keep_round(self, assessment: RiskAssessment) -> Steps[str | None]:
        """Remember what a round concluded. Ends with why a person must look at the case, or None."""
        remembrance = Remembrance(assessment=assessment)
        yield from self._keep(
            calls.remember_round(self._ctx, self._key, remembrance),
            lambda known: memory.remember_round(known, assessment),
        )
        return self._loss

    def keep_feedback(self, feedback: Feedback) -> Steps[None]:
        """Remember what a person answered to a round."""
        yield from self._keep(
            calls.remember_feedback(self._ctx, self._key, feedback),
            lambda known: memory.remember_feedback(known, feedback),
        )

    def _keep(self, call: Steps[DurableAgentState], by_itself: _Remembering) -> Steps[None]:
        """Let the entity remember, or do what it would have done once it has failed."""
        try:
            kept = yield from call
        except task.TaskFailedError as failure:
            cause = failure.details.inner_failure or failure.details
            self._loss = LOST + reason_for(cause.error_type, cause.message)
        except ValidationError as fault:
            self._loss = LOST + reason_for(type(fault).__name__, "")
        else:
            if self._loss is None:
                self._known = kept
                return
        self._known = by_itself(self._known)
