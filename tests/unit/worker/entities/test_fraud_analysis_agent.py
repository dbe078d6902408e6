"""The memory of a case: what it keeps, that it can be repeated, and that it stays small."""

from typing import Any, cast

import pytest
from durabletask.entities import EntityContext

from contracts.converter import PydanticDataConverter
from contracts.investigation import DurableAgentState, Feedback, Remembrance
from contracts.report import Finding
from tests.unit.worker.support.cases import an_assessment, three_reports
from worker.domain import memory
from worker.entities.fraud_analysis_agent import FraudAnalysisAgent, UnknownStateVersion

CONVERTER = PydanticDataConverter()


class StoredEntity:
    """The entity as the SDK runs it: a new object per operation, its state serialised in between."""

    def __init__(self, state: DurableAgentState | None = None) -> None:
        self.stored = CONVERTER.serialize(state)

    def get_state(self, intended_type: type[DurableAgentState], default: DurableAgentState) -> DurableAgentState:
        return default if self.stored is None else CONVERTER.deserialize(self.stored, intended_type)

    def set_state(self, state: DurableAgentState) -> None:
        self.stored = CONVERTER.serialize(state)

    def run(self, operation: str, *arguments: Any) -> DurableAgentState:
        entity = FraudAnalysisAgent()
        entity.entity_context = cast("EntityContext", self)
        result: DurableAgentState = getattr(entity, operation)(*arguments)
        return result


def a_remembrance(round_number: int = 1, **changes: Any) -> Remembrance:
    reports = three_reports(0.7, round_number)
    assessment = an_assessment(0.7, round=round_number, reports=reports).model_copy(update=changes)
    return Remembrance(assessment=assessment)


def test_it_remembers_rounds_and_what_was_said_to_them() -> None:
    entity = StoredEntity()
    entity.run("remember_round", a_remembrance(1))
    entity.run("remember_feedback", Feedback(round=1, text="Look at the roaming package.", decided_by="anna"))
    entity.run("remember_round", a_remembrance(2))

    state = entity.run("recall")

    assert [(kept.round, kept.feedback, kept.decided_by) for kept in state.rounds] == [
        (1, "Look at the roaming package.", "anna"),
        (2, None, None),
    ]
    assert [report.specialist for report in state.rounds[0].reports] == ["usage", "location", "billing"]
    assert state.version == 1


def test_an_entity_that_remembers_nothing_says_so() -> None:
    assert StoredEntity().run("recall") == DurableAgentState(version=1)


def test_a_repeated_operation_changes_nothing() -> None:
    entity = StoredEntity()
    entity.run("remember_round", a_remembrance(1))
    entity.run("remember_feedback", Feedback(round=1, text="Again.", decided_by="anna"))
    before = entity.stored

    entity.run("remember_feedback", Feedback(round=1, text="Again.", decided_by="anna"))
    entity.run("remember_round", a_remembrance(1))

    assert entity.stored == before


def test_the_memory_of_a_newer_release_is_left_alone() -> None:
    entity = StoredEntity(DurableAgentState(version=2))
    before = entity.stored

    with pytest.raises(UnknownStateVersion, match="version 2"):
        entity.run("remember_round", a_remembrance(1))
    assert entity.stored == before


def test_old_rounds_lose_their_findings_but_never_what_people_said() -> None:
    findings = tuple(Finding(statement="x" * 900, evidence_ids=("e-1",)) for _ in range(12))
    state = DurableAgentState()
    for number in range(1, 6):
        big = a_remembrance(number, reports=three_reports(0.7, number, findings=findings))
        state = memory.remember_round(state, big.assessment)
        state = memory.remember_feedback(state, Feedback(round=number, text=f"Look at {number}.", decided_by="anna"))

    assert memory.size(state) <= memory.MAX_BYTES
    assert [kept.feedback for kept in state.rounds] == [f"Look at {number}." for number in range(1, 6)]
    assert state.rounds[0].reports[0].findings == ()
    assert state.rounds[-1].reports[0].findings == findings
    assert {kept.overall_risk_score for kept in state.rounds} == {0.7}


def test_hundreds_of_rounds_stay_within_the_bound_and_the_last_one_is_kept() -> None:
    state = DurableAgentState()
    for number in range(1, 201):
        told = a_remembrance(number, reasoning="y" * 900)
        state = memory.remember_round(state, told.assessment)
        state = memory.remember_feedback(state, Feedback(round=number, text="z" * 400, decided_by="anna"))

    assert memory.size(state) <= memory.MAX_BYTES
    assert state.rounds[-1].round == 200
