"""The `FraudAnalysisAgent` entity: the durable conversation of one case."""

from collections.abc import Callable

from durabletask.entities import DurableEntity

from contracts.steps import DurableAgentState, MemoryKept, RememberFeedbackInput, RememberRoundInput
from worker.domain import memory
from worker.domain.failures import told_by_id

STATE_VERSION = 1


class UnknownStateVersion(Exception):
    """A newer release wrote this memory."""


class FraudAnalysisAgent(DurableEntity):
    """Remembers every round of one case by ids and hashes, under the case id; a repeated operation changes nothing.

    All operations fail as `unknown-state-version` rather than drop what a newer release remembered.
    """

    def remember_round(self, kept: RememberRoundInput) -> MemoryKept:
        """Keep the assessment of a round."""
        return self._keep(lambda state: memory.with_round(state, kept))

    def remember_feedback(self, said: RememberFeedbackInput) -> MemoryKept:
        """Keep in which review a person answered to a round."""
        return self._keep(lambda state: memory.with_feedback(state, said))

    def recall(self) -> DurableAgentState:
        """Everything that is remembered."""
        return told_by_id(self.entity_context.entity_id.key, self._state)

    def _keep(self, change: Callable[[DurableAgentState], DurableAgentState]) -> MemoryKept:
        state = told_by_id(self.entity_context.entity_id.key, lambda: change(self._state()))
        self.set_state(state)
        return MemoryKept(rounds=len(state.rounds))

    def _state(self) -> DurableAgentState:
        state = self.get_state(DurableAgentState, DurableAgentState(version=STATE_VERSION))
        if state.version > STATE_VERSION:
            raise UnknownStateVersion
        return state
