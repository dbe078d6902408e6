"""The `FraudAnalysisAgent` entity: the durable conversation of one case."""

from durabletask.entities import DurableEntity

from contracts.investigation import DurableAgentState, Feedback, Remembrance
from worker.domain import memory

STATE_VERSION = 1


class UnknownStateVersion(Exception):
    """A newer release wrote this memory."""

    def __init__(self, version: int) -> None:
        super().__init__(
            f"This case's memory has version {version}, but this worker knows only versions up to {STATE_VERSION}: "
            "start the release that wrote it or a later one."
        )


class FraudAnalysisAgent(DurableEntity):
    """Remembers every round of one case. Its key is the case id; repeating an operation changes nothing.

    All operations raise UnknownStateVersion rather than drop what a newer release remembered.
    """

    def remember_round(self, remembrance: Remembrance) -> DurableAgentState:
        """Keep what a round concluded."""
        return self._keep(memory.remember_round(self.recall(), remembrance.assessment))

    def remember_feedback(self, feedback: Feedback) -> DurableAgentState:
        """Keep what a person answered to a round."""
        return self._keep(memory.remember_feedback(self.recall(), feedback))

    def recall(self) -> DurableAgentState:
        """Everything that is remembered."""
        state = self.get_state(DurableAgentState, DurableAgentState(version=STATE_VERSION))
        if state.version > STATE_VERSION:
            raise UnknownStateVersion(state.version)
        return state

    def _keep(self, state: DurableAgentState) -> DurableAgentState:
        self.set_state(state)
        return state
