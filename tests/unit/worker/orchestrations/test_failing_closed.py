"""What cannot be remembered, read or recorded: the case reaches a person, or at least its end."""

from collections.abc import Mapping

import pytest
from pydantic import ValidationError

from tests.unit.worker.support.case_script import CaseScript, ScriptedFault
from tests.unit.worker.support.cases import a_policy
from tests.unit.worker.support.lab import Lab
from worker.entities.fraud_analysis_agent import UnknownStateVersion

LOST = "The case's memory could not be written: It failed unexpectedly (scripted-fault)."


def harmless(**instead: object) -> CaseScript:
    """A case that would be cleared at once."""
    return CaseScript(score=0.1, recommended="clear", instead=instead)


def test_harmless_case_with_unwritable_memory_goes_to_a_person(lab: Lab) -> None:
    case = lab.start(harmless(remember_round=ScriptedFault("Out of space.")))

    opening = case.script.opening()
    case.decide(opening, "clear")

    assert case.outcome() == "cleared"
    assert opening.assessment.route == "review"
    assert opening.assessment.route_reasons == (LOST,)


def test_person_learns_that_newer_release_wrote_the_memory(lab: Lab) -> None:
    case = lab.start(harmless(remember_round=UnknownStateVersion()))

    opening = case.script.opening()
    case.decide(opening, "clear")

    assert case.outcome() == "cleared"
    assert "A newer release wrote this case's memory" in opening.assessment.route_reasons[0]


def test_a_memory_that_cannot_be_read_counts_as_lost(lab: Lab) -> None:
    case = lab.start(harmless(remember_round={"version": 1, "diary": "of another release"}))

    opening = case.script.opening()
    case.decide(opening, "clear")

    assert case.outcome() == "cleared"
    assert opening.assessment.route_reasons == (LOST.replace("scripted-fault", "validation-error"),)


def test_the_other_reasons_why_a_person_must_look_stay(lab: Lab) -> None:
    script = CaseScript(instead={"remember_round": ScriptedFault("Out of space.")})
    case = lab.start(script)

    opening = script.opening()
    case.decide(opening, "clear")

    assert opening.assessment.route_reasons == ("The overall risk score 0.90 is not below 0.60.", LOST)
    assert case.outcome() == "cleared"


@pytest.mark.parametrize("failing", [("remember_round", "remember_feedback"), ("remember_round",)])
def test_rejection_continues_although_feedback_cannot_be_remembered(lab: Lab, failing: tuple[str, ...]) -> None:
    case = lab.start(harmless(**dict.fromkeys(failing, ScriptedFault("Out of space."))))

    case.reject(case.script.opening(1), feedback="Look at the roaming package.")
    case.decide(case.script.opening(2), "clear")

    assert case.outcome() == "cleared"
    (remembered,) = case.script.assessed[1].memory
    assert (remembered.round, remembered.feedback, remembered.decided_by) == (1, "Look at the roaming package.", "anna")
    assert {len(order.memory) for order in case.script.heard if order.round == 2} == {1}


def test_unremembered_feedback_keeps_the_next_round_from_closing(lab: Lab) -> None:
    asked = harmless(remember_feedback=ScriptedFault("Out of space."))
    asked.policy = a_policy(quality_check_share=1.0)
    case = lab.start(asked)
    first = asked.opening(1)

    asked.score = 0.1
    case.reject(first)
    second = asked.opening(2)
    case.decide(second, "clear")

    assert case.outcome() == "cleared"
    assert LOST not in first.assessment.route_reasons
    assert LOST in second.assessment.route_reasons
    assert [kept.feedback for kept in asked.assessed[1].memory] == ["Look at the roaming package."]


@pytest.mark.parametrize(
    "instead",
    [
        {"start_case": ScriptedFault("No casebook.")},
        {"start_case": {"policy": {"auto_clear_threshold": 9}}},
        {"run_specialist": {"specialist": "usage", "mood": "of another release"}},
        {"run_specialist": ScriptedFault("No model."), "record_report": ScriptedFault("No casebook.")},
        {"assess_risk": ScriptedFault("No model."), "assess_without_model": ScriptedFault("No casebook.")},
        {"assess_risk": {"round": 1, "mood": "of another release"}},
        {"ask_person": ScriptedFault("No casebook.")},
    ],
    ids=lambda instead: "-".join(instead),
)
def test_case_that_cannot_be_recorded_or_read_stays_open(lab: Lab, instead: Mapping[str, object]) -> None:
    case = lab.start(CaseScript(instead=dict(instead)))

    assert case.failure()
    assert case.script.outcomes == []


def test_action_that_cannot_be_looked_up_closes_no_case(lab: Lab) -> None:
    case = lab.start(CaseScript(action_fails=True, instead={"reconcile_action": ScriptedFault("No casebook.")}))

    case.decide(case.script.opening(), "lock_account")

    assert case.failure() == f"scripted-fault {case.order.case_id}"
    assert case.script.outcomes == []


def test_fault_in_the_orchestration_is_logged_and_closes_nothing(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    case = lab.start(CaseScript(instead={"ask_person": {"due_at": "some day"}}))

    assert case.failure()
    assert case.script.outcomes == []
    (logged,) = [record for record in caplog.records if record.name == "worker.orchestrations.investigation"]
    assert logged.levelname == "ERROR"
    assert logged.exc_info is not None
    assert isinstance(logged.exc_info[1], ValidationError)


@pytest.mark.parametrize("order", ['{"case_id": "alert-1"}', "no JSON", "null"])
def test_an_order_that_cannot_be_read_closes_nothing(lab: Lab, order: str) -> None:
    case = lab.start(text=order)

    assert case.failure()
    assert case.script.closings == []


def test_a_later_round_that_cannot_begin_closes_nothing(lab: Lab) -> None:
    case = lab.start(CaseScript(instead={"start_round": ScriptedFault("No casebook.")}))
    case.reject(case.script.opening(1))

    assert case.failure() == f"scripted-fault {case.order.case_id}"
    assert (case.script.rounds, case.script.closings) == ([1], [])


def test_case_that_cannot_be_closed_fails_with_that_fault(lab: Lab) -> None:
    case = lab.start(harmless(close_case=ScriptedFault("No casebook.")))

    assert case.failure() == f"scripted-fault {case.order.case_id}"
