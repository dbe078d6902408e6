"""What an agent remembers of a case, and how that stays small.

The memory travels into every specialist's input, so it is bounded: MAX_BYTES of JSON. When it grows beyond that it is
compacted step by step, the least valuable first, until it fits:

1. the oldest rounds keep their conclusion and what people said, but lose their findings,
2. the reasoning of the oldest rounds is cut to MAX_OLD_REASONING characters,
3. the oldest rounds go, the last one never.
"""

from collections.abc import Iterator, Sequence

from contracts.assessment import RiskAssessment
from contracts.investigation import DurableAgentState, Feedback, RememberedReport, RememberedRound

MAX_BYTES = 48_000
MAX_OLD_REASONING = 300


def remember_round(state: DurableAgentState, assessment: RiskAssessment) -> DurableAgentState:
    """Add a round, or replace it when the step is repeated. What a person said to it is kept."""
    known = next((known for known in state.rounds if known.round == assessment.round), None)
    remembered = RememberedRound(
        round=assessment.round,
        reports=tuple(
            RememberedReport(specialist=report.specialist, risk_score=report.risk_score, findings=report.findings)
            for report in assessment.reports
        ),
        overall_risk_score=assessment.overall_risk_score,
        risk_level=assessment.risk_level,
        recommended_action=assessment.recommended_action,
        reasoning=assessment.reasoning,
        feedback=known.feedback if known else None,
        decided_by=known.decided_by if known else None,
    )
    others = tuple(other for other in state.rounds if other.round != assessment.round)
    rounds = tuple(sorted((*others, remembered), key=lambda kept: kept.round))
    return compact(state.model_copy(update={"rounds": rounds}))


def remember_feedback(state: DurableAgentState, feedback: Feedback) -> DurableAgentState:
    """Add what a person answered to a round. A round that is not remembered leaves the state as it is."""
    said = {"feedback": feedback.text, "decided_by": feedback.decided_by}
    rounds = tuple(
        remembered.model_copy(update=said) if remembered.round == feedback.round else remembered
        for remembered in state.rounds
    )
    return compact(state.model_copy(update={"rounds": rounds}))


def compact(state: DurableAgentState) -> DurableAgentState:
    """The state in at most MAX_BYTES, losing as little as that takes; the last round is kept whatever its size."""
    for smaller in _steps(state):
        state = smaller
        if size(state) <= MAX_BYTES:
            break
    return state


def was_asked(memory: Sequence[RememberedRound]) -> bool:
    """Whether a person gave feedback to the last remembered round, so that the next one owes an answer."""
    return bool(memory) and bool((memory[-1].feedback or "").strip())


def size(state: DurableAgentState) -> int:
    """The bytes of its JSON."""
    return len(state.model_dump_json().encode())


def _steps(state: DurableAgentState) -> Iterator[DurableAgentState]:
    yield state
    for index in range(len(state.rounds)):
        state = _with_round(state, index, _without_findings(state.rounds[index]))
        yield state
    for index in range(len(state.rounds)):
        shorter = state.rounds[index].reasoning[:MAX_OLD_REASONING]
        state = _with_round(state, index, state.rounds[index].model_copy(update={"reasoning": shorter}))
        yield state
    while len(state.rounds) > 1:
        state = state.model_copy(update={"rounds": state.rounds[1:]})
        yield state


def _without_findings(remembered: RememberedRound) -> RememberedRound:
    reports = tuple(report.model_copy(update={"findings": ()}) for report in remembered.reports)
    return remembered.model_copy(update={"reports": reports})


def _with_round(state: DurableAgentState, index: int, remembered: RememberedRound) -> DurableAgentState:
    rounds = (*state.rounds[:index], remembered, *state.rounds[index + 1 :])
    return state.model_copy(update={"rounds": rounds})
