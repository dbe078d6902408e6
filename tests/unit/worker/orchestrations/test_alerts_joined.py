"""An alert that joins a running case: the next round investigates it, whatever the case was at."""

import pytest

from contracts.investigation import FailedCase
from contracts.names import ALERTS_JOINED
from contracts.steps import Refusal
from tests.unit.worker.support.case_script import CaseScript
from tests.unit.worker.support.cases import a_policy, an_assessment
from tests.unit.worker.support.lab import Lab

SOON_H = 0.0005


@pytest.mark.parametrize(
    ("script", "step"),
    [
        (CaseScript(), "ask_person"),
        (CaseScript(score=0.1, recommended="clear"), "close_case"),
        (CaseScript(policy=a_policy(approval_timeout_hours=SOON_H)), "escalate_to_manager"),
    ],
    ids=["before it is asked", "before it clears", "at the deadline"],
)
def test_next_round_investigates_what_joined(lab: Lab, script: CaseScript, step: str) -> None:
    script.overtaken.append(step)
    case = lab.start(script)
    if script.score > 0.5:
        opening = script.opening(2 if step == "escalate_to_manager" else 1)
        assert opening.round == 2
        case.decide(opening)
    assert case.outcome() == ("account_locked" if script.score > 0.5 else "auto_cleared")
    assert script.rounds == [1, 2]
    assert {order.round for order in script.heard} == {1, 2}


def test_overtaken_question_is_asked_in_the_next_round(lab: Lab) -> None:
    case = lab.start()
    first = case.script.opening(1)
    case.script.overtaken.append("read_decision")
    case.send(first.round, None)
    second = case.script.opening(2)
    assert second.round == 2
    case.decide(second)
    assert case.outcome() == "account_locked"
    assert case.script.rounds == [1, 2]


def test_rejections_still_count_after_an_alert(lab: Lab) -> None:
    case = lab.start(CaseScript(policy=a_policy(max_review_attempts=2)))
    case.reject(case.script.opening(1))
    second = case.script.opening(2)
    case.script.overtaken.append("read_decision")
    case.send(second.round, None)
    case.reject(case.script.opening(3))
    last = case.script.opening(4)
    assert (last.round, last.review.required_role) == (4, "manager")
    case.decide(last)
    assert case.outcome() == "account_locked"


def test_resumed_case_takes_up_what_joined(lab: Lab) -> None:
    failed = FailedCase(assessment=an_assessment(), role="analyst", reason="It failed.")
    case = lab.start(CaseScript(failed_case=failed, overtaken=["ask_person"]))
    opening = case.script.opening(1)
    assert opening.round == 2
    case.decide(opening)
    assert case.outcome() == "account_locked"


def test_forged_news_of_an_alert_changes_nothing(lab: Lab) -> None:
    forged = Refusal(refused=ALERTS_JOINED)
    case = lab.start(CaseScript(invented={"ask_person": [forged]}, refused=["start_round"]))
    opening = case.script.opening(1)
    assert opening.round == 1
    case.decide(opening)
    assert case.outcome() == "account_locked"
