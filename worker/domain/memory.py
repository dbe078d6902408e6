"""What an agent remembers of a case, and how its size is bounded.

The entity stores the rounds by ids and hashes: MAX_ROUNDS of them. The step that needs their text reads it from the
casebook. The text is part of every specialist's prompt, so it is limited to MAX_BYTES of JSON. A larger one is
compacted step by step, the least valuable part first, until it fits:

1. the oldest rounds keep their conclusion and what people said, but lose their findings,
2. the reasoning of the oldest rounds is truncated to MAX_OLD_REASONING characters,
3. the oldest rounds are removed, never the last one.
"""

from collections.abc import Iterator, Sequence

from contracts.assessment import RiskAssessment
from contracts.brief import EarlierRound
from contracts.investigation import Feedback, RememberedReport, RememberedRound
from contracts.steps import DurableAgentState, RememberFeedbackInput, RememberRoundInput, RoundInMemory

MAX_BYTES = 48_000
MAX_OLD_REASONING = 300
MAX_ROUNDS = 100

Rounds = tuple[RememberedRound, ...]


def with_round(state: DurableAgentState, kept: RememberRoundInput) -> DurableAgentState:
    """Add a round, or replace it when the step is repeated. What a person said to it is kept."""
    known = next((known for known in state.rounds if known.round == kept.round), None)
    remembered = RoundInMemory(
        round=kept.round,
        assessment_hash=kept.assessment_hash,
        feedback=known.feedback if known else None,
    )
    others = (other for other in state.rounds if other.round != kept.round)
    rounds = sorted((*others, remembered), key=lambda each: each.round)
    return state.model_copy(update={"rounds": tuple(rounds[-MAX_ROUNDS:])})


def with_feedback(state: DurableAgentState, said: RememberFeedbackInput) -> DurableAgentState:
    """Add in which review a person answered to a round. A round that is not remembered leaves the state as it is."""
    rounds = tuple(
        each.model_copy(update={"feedback": said.review_id}) if each.round == said.round else each
        for each in state.rounds
    )
    return state.model_copy(update={"rounds": rounds})


def recall(earlier: Sequence[EarlierRound]) -> Rounds:
    """What a round is given of earlier ones, the oldest first, in at most MAX_BYTES."""
    return compact(tuple(_remembered(each.assessment, each.feedback) for each in earlier))


def compact(rounds: Rounds) -> Rounds:
    """The rounds in at most MAX_BYTES, losing as little as that takes; the last one is kept whatever its size."""
    for smaller in _steps(rounds):
        rounds = smaller
        if size(rounds) <= MAX_BYTES:
            break
    return rounds


def was_asked(memory: Sequence[RememberedRound]) -> bool:
    """Whether a person gave feedback to the last remembered round, so that the next one owes an answer."""
    return bool(memory) and bool((memory[-1].feedback or "").strip())


def size(rounds: Sequence[RememberedRound]) -> int:
    """The bytes of its JSON."""
    return sum(len(each.model_dump_json().encode()) for each in rounds)


def _remembered(assessment: RiskAssessment, said: Feedback | None) -> RememberedRound:
    return RememberedRound(
        round=assessment.round,
        reports=tuple(
            RememberedReport(specialist=report.specialist, risk_score=report.risk_score, findings=report.findings)
            for report in assessment.reports
        ),
        overall_risk_score=assessment.overall_risk_score,
        risk_level=assessment.risk_level,
        recommended_action=assessment.recommended_action,
        reasoning=assessment.reasoning,
        feedback=None if said is None else said.text,
        decided_by=None if said is None else said.decided_by,
    )


def _steps(rounds: Rounds) -> Iterator[Rounds]:
    yield rounds
    for index in range(len(rounds)):
        rounds = _with_round(rounds, index, _without_findings(rounds[index]))
        yield rounds
    for index in range(len(rounds)):
        shorter = rounds[index].reasoning[:MAX_OLD_REASONING]
        rounds = _with_round(rounds, index, rounds[index].model_copy(update={"reasoning": shorter}))
        yield rounds
    while len(rounds) > 1:
        rounds = rounds[1:]
        yield rounds


def _without_findings(remembered: RememberedRound) -> RememberedRound:
    reports = tuple(report.model_copy(update={"findings": ()}) for report in remembered.reports)
    return remembered.model_copy(update={"reports": reports})


def _with_round(rounds: Rounds, index: int, remembered: RememberedRound) -> Rounds:
    return (*rounds[:index], remembered, *rounds[index + 1 :])
