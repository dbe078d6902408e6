"""The aggregator's reasoning repeats what it was shown; what it adds is an opinion, and a person must look."""

from typing import Any

import pytest

from contracts.investigation import AssessmentTask, RememberedReport, RememberedRound
from contracts.report import Finding
from tests.unit.worker.support.agents import ScriptedModel, a_loop, answers, no_journal
from tests.unit.worker.support.cases import (
    a_policy,
    a_report,
    an_alert,
    an_assessment_task,
    nothing_found,
    three_reports,
)
from worker.agents.aggregator import AggregatorAgent
from worker.agents.prompts import load_prompts
from worker.agents.response_schemas import MAX_REASONING
from worker.domain.assessments import NO_JUDGEMENT, assess
from worker.domain.reasoning import opinion_in
from worker.domain.routing import Judgement

BENIGN = 0.1
SEEN = Finding(statement="A login from BR at 12:00, device d-4411.", evidence_ids=("r1-location-1", "e-1"))


def a_task(**changes: Any) -> AssessmentTask:
    reports = (a_report("usage"), a_report("location", findings=(SEEN,)), a_report("billing"))
    return an_assessment_task(**({"reports": reports} | changes))


def judged(order: AssessmentTask, *reasonings: str) -> tuple[str | None, int]:
    """The reason why the reasoning is an opinion, and how often the model was asked."""
    said = [{"overall_risk_score": BENIGN, "recommended_action": "clear", "reasoning": text} for text in reasonings]
    model = ScriptedModel([answers(each) for each in said])
    answer = AggregatorAgent(a_loop(model), load_prompts()).judge(order, no_journal("r1-aggregator"))
    return assess(order, answer.judgement).reasoning_unsupported_reason, len(model.requests)


@pytest.mark.parametrize(
    "reasoning",
    [
        "",
        "Everything is as it always was.",
        "A login from BR at 12:00 on device D-4411.",
        "The alert of 2 March 2026 is about customer 7, event e-1.",
        "All three specialists find it benign at 0.10, so overall 10 %, below 0.6.",
        "Round 1: nothing from 0.85 on, where critical begins.",
    ],
)
def test_reasoning_may_repeat_what_was_shown(reasoning: str) -> None:
    assert opinion_in(a_task(), BENIGN, reasoning) is None


@pytest.mark.parametrize(
    ("reasoning", "invented"),
    [
        ("The customer paid EUR 99.50 before.", "99.50"),
        ("They called on 1 March.", "1 March"),
        ("The login was at 12:07.", "12:07"),
        ("Seen before on device d-9999.", "d-9999"),
        ("Charge chg-77 was confirmed.", "chg-77"),
        ("Forty logins were like this.", "Forty"),
        ("The overall score is 0.33.", "0.33"),
    ],
)
def test_invented_figure_makes_a_benign_judgement_an_opinion(reasoning: str, invented: str) -> None:
    assessment = assess(a_task(), Judgement(BENIGN, "clear", reasoning), nothing_found)

    assert invented.lower() in (assessment.reasoning_unsupported_reason or "").lower()
    assert assessment.route == "review"
    assert assessment.route_reasons == (
        f"The risk aggregator's reasoning is an opinion. {assessment.reasoning_unsupported_reason}",
    )


def test_grounded_reasoning_lets_a_benign_case_close() -> None:
    assessment = assess(a_task(), Judgement(BENIGN, "clear", "A login from BR at 12:00."), nothing_found)

    assert (assessment.route, assessment.reasoning_unsupported_reason) == ("auto_clear", None)


def test_the_quality_sample_is_not_drawn_from_opinions() -> None:
    order = a_task(policy=a_policy(quality_check_share=1.0))

    assert not assess(order, Judgement(BENIGN, "clear", "Paid EUR 99.50."), nothing_found).quality_check


def test_findings_that_count_for_nothing_support_nothing() -> None:
    invented = Finding(statement="It cost EUR 99.50.", evidence_ids=("e-9",), unsupported=True)
    order = a_task(reports=three_reports(findings=(SEEN, invented)))

    assert opinion_in(order, BENIGN, "It cost EUR 99.50.") is not None


def test_reasoning_of_an_earlier_round_supports_nothing() -> None:
    remembered = RememberedReport(specialist="location", risk_score=0.42, findings=(SEEN,))
    past = RememberedRound(
        round=1,
        reports=(remembered,),
        overall_risk_score=0.5,
        risk_level="medium",
        recommended_action="clear",
        reasoning="It cost EUR 99.50.",
        feedback="Look at order 4711.",
    )
    order = a_task(round=2, memory=(past,), reports=three_reports(round_number=2))

    assert opinion_in(order, BENIGN, "It cost EUR 99.50.") is not None
    assert opinion_in(order, BENIGN, "Round 1 said 0.42 for device d-4411; order 4711 was looked at.") is None


def test_sentences_of_the_worker_are_no_opinion() -> None:
    unavailable = Judgement(None, None, "The model answered 503 after 17 attempts.")

    for judgement in (NO_JUDGEMENT, unavailable):
        assert assess(a_task(), judgement).reasoning_unsupported_reason is None


def test_the_model_may_put_its_reasoning_right_once() -> None:
    assert judged(a_task(), "Paid EUR 99.50.", "A login from BR at 12:00.") == (None, 2)
    insisting, asked = judged(a_task(), "Paid EUR 99.50.", "Paid EUR 88.40.")
    assert "88.40" in (insisting or "")
    assert asked == 2


def test_long_reasoning_is_cut_between_words() -> None:
    # The cut would leave 12 of 12:00, and half of it is another figure.
    long = "x " * (MAX_REASONING // 2 - 1) + "4411 is no figure that was shown"

    assert judged(a_task(), long) == (None, 1)


def test_reasoning_may_repeat_every_alert() -> None:
    joined = an_alert("brute_force-7-2", description="17 failures from 203.0.113.7.")

    assert opinion_in(a_task(joined=(joined,)), BENIGN, "17 failures from 203.0.113.7 raised brute_force-7-2.") is None
    assert opinion_in(a_task(), BENIGN, "17 failures.") == "It states “17”, which does not occur in what it was shown."


def test_a_count_of_alerts_is_an_opinion() -> None:
    joined = tuple(an_alert(f"a-{letter}") for letter in "bcdefghijklmnop")

    assert opinion_in(a_task(joined=joined), BENIGN, "14 of them.") is not None
