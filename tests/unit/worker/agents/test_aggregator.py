"""From the specialists' reports to a judgement."""

import pytest

from contracts.report import SPECIALISTS
from tests.unit.worker.support.agents import ScriptedModel, answers, judged
from tests.unit.worker.support.cases import a_policy, a_report, an_assessment_task
from worker.agents.limits import Limits
from worker.domain.assessments import assess
from worker.domain.routing import Judgement
from worker.ports.model import ModelUnavailable


def test_aggregator_is_given_the_threshold_of_the_guard_rails() -> None:
    model = ScriptedModel([answers({"overall_risk_score": 0.5, "recommended_action": "clear", "reasoning": "Fine."})])
    order = an_assessment_task(policy=a_policy(auto_clear_threshold=0.45))

    judgement = judged(order, model).judgement

    assert "From 0.45 on a person decides." in " ".join((model.requests[0].messages[0].text or "").split())
    assert "The overall risk score 0.50 is not below 0.45." in assess(order, judgement).route_reasons


def test_the_aggregator_s_verdict_becomes_a_judgement() -> None:
    verdict = {"overall_risk_score": 0.8, "recommended_action": "lock_account", "reasoning": " A takeover. "}
    model = ScriptedModel([answers(verdict)])

    answer = judged(an_assessment_task(), model)

    assert answer.judgement == Judgement(0.8, "lock_account", "A takeover.")
    assert answer.usage.tokens == 100
    assert model.requests[0].tools == ()
    assert model.requests[0].answer_format.name == "risk_verdict"


def test_reasoning_that_is_cut_says_so() -> None:
    reasoning = "word " * 799 + "12 million in all"
    verdict = {"overall_risk_score": 0.8, "recommended_action": "lock_account", "reasoning": reasoning}
    model = ScriptedModel([answers(verdict), answers(verdict)])

    assert judged(an_assessment_task(), model).judgement.reasoning == "word " * 799 + "…"


@pytest.mark.parametrize(
    "verdict",
    [
        {"overall_risk_score": 9, "recommended_action": "clear", "reasoning": ""},
        {"overall_risk_score": None, "recommended_action": "clear", "reasoning": ""},
        {"overall_risk_score": 0.1, "recommended_action": "close", "reasoning": ""},
        {},
    ],
)
def test_an_unusable_judgement_has_no_score(verdict: dict[str, object]) -> None:
    model = ScriptedModel([answers(verdict), answers(verdict)])

    judgement = judged(an_assessment_task(), model).judgement

    assert (judgement.score, judgement.action) == (None, None)
    assert judgement.reasoning.startswith("The model gave no usable answer")


def test_aggregator_outage_gives_no_score_and_says_why() -> None:
    model = ScriptedModel([ModelUnavailable("Overloaded.")])

    judgement = judged(an_assessment_task(), model, limits=Limits(retries=0)).judgement

    assert (judgement.score, judgement.reasoning) == (None, "Overloaded.")


def test_nothing_is_paid_when_nothing_is_to_judge() -> None:
    silent = tuple(a_report(name, None, status="unavailable") for name in SPECIALISTS)
    model = ScriptedModel([])

    judgement = judged(an_assessment_task(reports=silent), model).judgement

    assert judgement.score is None
