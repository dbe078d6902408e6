"""The memory of a case: what it keeps, that it can be repeated, and that it stays small."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from durabletask.entities import EntityContext

from contracts.assessment import RiskAssessment
from contracts.brief import EarlierRound
from contracts.hashing import content_hash
from contracts.investigation import Feedback
from contracts.report import Finding
from contracts.steps import DurableAgentState, MemoryKept, RememberFeedbackInput, RememberRoundInput
from runtime.data_converter import PydanticDataConverter
from tests.unit.worker.support.cases import an_assessment, three_reports
from worker.domain import memory
from worker.domain.failures import StepFailed
from worker.entities.fraud_analysis_agent import FraudAnalysisAgent

CONVERTER = PydanticDataConverter()
CASE = "case-1"


class StoredEntity:
    """The entity as the SDK runs it: a new object per operation, its state serialised in between."""

    entity_id = SimpleNamespace(key=CASE)

    def __init__(self, state: DurableAgentState | None = None) -> None:
        self.stored = CONVERTER.serialize(state)

    def get_state(self, intended_type: type[DurableAgentState], default: DurableAgentState) -> DurableAgentState:
        return default if self.stored is None else CONVERTER.deserialize(self.stored, intended_type)

    def set_state(self, state: DurableAgentState) -> None:
        self.stored = CONVERTER.serialize(state)

    def run(self, operation: str, *arguments: Any) -> Any:
        entity = FraudAnalysisAgent()
        entity.entity_context = cast("EntityContext", self)
        return getattr(entity, operation)(*arguments)


def an_assessed_round(round_number: int = 1, **changes: Any) -> RiskAssessment:
    return an_assessment(0.7, round=round_number, reports=three_reports(0.7, round_number)).model_copy(update=changes)


def a_round(round_number: int = 1) -> RememberRoundInput:
    return RememberRoundInput(round=round_number, assessment_hash=content_hash(an_assessed_round(round_number)))


def said_to(round_number: int) -> RememberFeedbackInput:
    return RememberFeedbackInput(round=round_number, review_id=f"{CASE}:r{round_number}")


def earlier(round_number: int, words: str, **changes: Any) -> EarlierRound:
    feedback = Feedback(round=round_number, text=words, decided_by="anna")
    return EarlierRound(an_assessed_round(round_number, **changes), feedback)


def test_it_remembers_rounds_and_what_was_said_to_them() -> None:
    entity = StoredEntity()
    entity.run("remember_round", a_round(1))
    entity.run("remember_feedback", said_to(1))
    kept = entity.run("remember_round", a_round(2))

    state = entity.run("recall")

    assert [(each.round, each.feedback) for each in state.rounds] == [(1, "case-1:r1"), (2, None)]
    assert state.rounds[0].assessment_hash == content_hash(an_assessed_round(1))
    assert (state.version, kept) == (1, MemoryKept(rounds=2))


def test_later_rounds_are_given_findings_and_feedback() -> None:
    first, second = memory.recall([earlier(1, "Look at the roaming package."), EarlierRound(an_assessed_round(2))])

    assert (first.round, first.feedback, first.decided_by) == (1, "Look at the roaming package.", "anna")
    assert (second.round, second.feedback, second.decided_by) == (2, None, None)
    assert [report.specialist for report in first.reports] == ["usage", "location", "billing"]


def test_an_entity_that_remembers_nothing_says_so() -> None:
    assert StoredEntity().run("recall") == DurableAgentState(version=1)


def test_a_repeated_operation_changes_nothing() -> None:
    entity = StoredEntity()
    entity.run("remember_round", a_round(1))
    entity.run("remember_feedback", said_to(1))
    before = entity.stored

    entity.run("remember_feedback", said_to(1))
    entity.run("remember_round", a_round(1))

    assert entity.stored == before


def test_the_memory_of_a_newer_release_is_left_alone() -> None:
    entity = StoredEntity(DurableAgentState(version=2))
    before = entity.stored

    with pytest.raises(StepFailed, match="unknown-state-version case-1"):
        entity.run("remember_round", a_round(1))
    assert entity.stored == before


def test_a_state_stays_small_however_many_rounds() -> None:
    entity = StoredEntity()
    for number in range(1, 301):
        entity.run("remember_round", a_round(number))

    assert len(entity.stored or "") < 20_000
    assert entity.run("recall").rounds[-1].round == 300


def test_old_rounds_lose_findings_but_no_feedback() -> None:
    findings = tuple(Finding(statement="x" * 900, evidence_ids=("e-1",)) for _ in range(12))
    rounds = memory.recall(
        [
            earlier(number, f"Look at {number}.", reports=three_reports(0.7, number, findings=findings))
            for number in range(1, 6)
        ]
    )

    assert memory.size(rounds) <= memory.MAX_BYTES
    assert [kept.feedback for kept in rounds] == [f"Look at {number}." for number in range(1, 6)]
    assert rounds[0].reports[0].findings == ()
    assert rounds[-1].reports[0].findings == findings
    assert {kept.overall_risk_score for kept in rounds} == {0.7}


def test_hundreds_of_rounds_stay_bounded_and_keep_the_last() -> None:
    rounds = memory.recall([earlier(number, "z" * 400, reasoning="y" * 900) for number in range(1, 201)])

    assert memory.size(rounds) <= memory.MAX_BYTES
    assert rounds[-1].round == 200
