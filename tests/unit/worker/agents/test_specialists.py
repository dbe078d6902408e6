"""From a specialist's verdict to its report."""

from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import JsonValue

from contracts.investigation import RememberedRound, SpecialistTask
from contracts.report import SPECIALISTS, Specialist, Spend
from tests.unit.worker.support.agents import (
    CUSTOMER,
    PROMPTS,
    FakeTools,
    ScriptedModel,
    Turn,
    a_loop,
    a_verdict,
    answers,
    asks,
    judged,
    no_journal,
    says,
)
from tests.unit.worker.support.cases import a_policy, an_alert, an_assessment_task, an_event
from worker.agents.prompts import Prompts
from worker.agents.specialists import SPECIALIST_TOOLS, SpecialistAgents
from worker.agents.task_tools import TASK_TOOLS
from worker.domain.assessments import assess
from worker.domain.routing import Judgement
from worker.ports.model import ModelUnavailable

CHARGES = FakeTools({"get_recent_charges": {"charges": [{"charge_id": "ch-1"}, {"charge_id": "ch-2"}]}})


def a_task(specialist: Specialist = "billing", **limits: Any) -> SpecialistTask:
    return SpecialistTask(case_id="case-1", round=1, specialist=specialist, alert=an_alert(), policy=a_policy(**limits))


def agents(turns: Sequence[Turn], tools: FakeTools | None = None) -> tuple[SpecialistAgents, ScriptedModel]:
    model = ScriptedModel(list(turns))
    tools = tools or CHARGES
    return SpecialistAgents(a_loop(model, tools), PROMPTS), model


def test_verdict_becomes_a_report_with_its_cost() -> None:
    agent, _ = agents([asks(("get_recent_charges", CUSTOMER)), answers(a_verdict(0.7, ["r1-billing-1"]))])

    report, evidence = agent.investigate(a_task(), no_journal())

    assert (report.status, report.risk_score, report.reason) == ("ok", 0.7, None)
    assert "alert_ids" not in report.model_dump(mode="json"), "a case of one alert is recorded as ever"
    assert [(finding.statement, finding.unsupported) for finding in report.findings] == [("As it was.", False)]
    assert [call.tool_call_id for call in report.tool_calls] == [item.evidence_id for item in evidence]
    assert (report.model, report.tokens, report.duration_ms) == ("scripted", 200, 25)


def test_only_charges_returned_by_a_tool_can_be_suspicious() -> None:
    claimed = a_verdict(0.9, ["r1-billing-1"], suspicious_charge_ids=["ch-2", "ch-9", "ch-2"])
    agent, _ = agents([asks(("get_recent_charges", CUSTOMER)), answers(claimed)])

    report, _evidence = agent.investigate(a_task(), no_journal())

    assert report.suspicious_charge_ids == ("ch-2",)


def test_charges_that_were_never_looked_up_cannot_be_suspicious() -> None:
    agent, _ = agents([answers(a_verdict(0.9, suspicious_charge_ids=["ch-1"]))])

    report, _evidence = agent.investigate(a_task(), no_journal())

    assert report.suspicious_charge_ids == ()


def test_verdict_beyond_all_bounds_is_cut_and_says_so() -> None:
    claim = {"statement": "As it was. " * 200, "evidence_ids": ["r1-billing-1"] * 200_000}
    findings = [claim, *[{"statement": "As it was.", "evidence_ids": ["x" * 100_000]}] * 30]
    charges = ["ch-1", *(f"ch-{number}" for number in range(3, 5_000))]
    endless = answers(a_verdict(0.7, findings=findings, suspicious_charge_ids=charges))
    agent, _ = agents([asks(("get_recent_charges", CUSTOMER)), endless, endless])

    report, _evidence = agent.investigate(a_task(), no_journal())

    assert report.status == "ok"
    assert report.suspicious_charge_ids == ("ch-1",)
    assert len(report.model_dump_json()) < 40_000
    assert [finding.unsupported for finding in report.findings] == [False] + [True] * 11
    assert report.trimmed == (
        "The model's answer was longer than is kept. Left out: 19 of 31 findings; all but 150 of up to 200,000 records "
        "that a finding cites; charges beyond 500 (it named 4,998); the ends of statements longer than 1,000 "
        "characters."
    )


def test_a_verdict_within_bounds_says_nothing_of_them() -> None:
    agent, _ = agents([asks(("get_recent_charges", CUSTOMER)), answers(a_verdict(0.7, ["r1-billing-1"]))])

    report, _evidence = agent.investigate(a_task(), no_journal())

    assert report.trimmed is None


def test_an_invented_source_makes_a_finding_unsupported() -> None:
    invented = answers(a_verdict(0.7, ["r1-billing-1"]))
    agent, model = agents([invented, invented])

    report, _evidence = agent.investigate(a_task(), no_journal())

    assert [finding.unsupported for finding in report.findings] == [True]
    assert report.risk_score == 0.7
    assert "finding 1 counts for nothing: It cites “r1-billing-1”" in (model.requests[1].messages[-1].text or "")


def test_a_corrected_finding_counts() -> None:
    wrong = a_verdict(0.7, findings=[{"statement": "It was 45 GB.", "evidence_ids": ["e-1"]}])
    agent, _ = agents([answers(wrong), answers(a_verdict(0.7))])

    report, _evidence = agent.investigate(a_task(), no_journal())

    assert [(each.statement, each.unsupported) for each in report.findings] == [("As it was.", False)]


@pytest.mark.parametrize("second", [says("hm"), says(None, refusal="No."), ModelUnavailable("Away.")])
def test_well_formed_answer_counts_when_no_better_one_comes(second: Turn) -> None:
    agent, _ = agents([answers(a_verdict(0.7, ["made-up"])), *[second] * 6])

    report, _evidence = agent.investigate(a_task(), no_journal())

    assert (report.status, report.risk_score) == ("ok", 0.7)
    assert [finding.unsupported for finding in report.findings] == [True]


@pytest.mark.parametrize(
    ("charges", "reason"),
    [
        (None, "It did not read get_recent_charges."),
        ({"charges": []}, "The records of get_recent_charges are empty."),
        (
            {"as_of": "2026-01-01T00:00:00Z", "charges": [{"charge_id": "ch-1"}]},
            "The records of get_recent_charges end on 2026-01-01, more than 14 days before the alert.",
        ),
    ],
)
def test_low_score_without_its_records_is_no_score(charges: JsonValue, reason: str) -> None:
    tools = FakeTools({"get_recent_charges": charges, "get_customer": {}})
    asked = asks(("get_customer" if charges is None else "get_recent_charges", CUSTOMER))
    benign, _ = agents([asked, answers(a_verdict(0.2))], tools)
    alarmed, _ = agents([asked, answers(a_verdict(0.7))], tools)

    report, _evidence = benign.investigate(a_task(), no_journal())

    assert (report.status, report.risk_score, report.reason) == ("not_evaluable", None, reason)
    assert alarmed.investigate(a_task(), no_journal())[0].risk_score == 0.7


def a_second_round() -> SpecialistTask:
    remembered = RememberedRound(
        round=1,
        reports=(),
        overall_risk_score=0.7,
        risk_level="medium",
        recommended_action="lock_account",
        reasoning="",
        feedback="Look at the orders.",
    )
    return a_task().model_copy(update={"round": 2, "memory": (remembered,)})


def test_a_reviewer_gets_an_answer() -> None:
    agent, _ = agents([answers(a_verdict(0.7, feedback_answer=" The orders went home. "))])

    assert agent.investigate(a_second_round(), no_journal())[0].feedback_answer == "The orders went home."


def test_missing_answer_to_feedback_is_reported_to_the_reviewer() -> None:
    agent, model = agents([answers(a_verdict(0.7, feedback_answer=" ")), answers(a_verdict(0.7))])

    report, _evidence = agent.investigate(a_second_round(), no_journal())
    order = an_assessment_task(reports=(report,)).model_copy(update={"memory": a_second_round().memory})

    assert "feedback_answer is missing" in (model.requests[1].messages[-1].text or "")
    assert (report.status, report.feedback_answer) == ("ok", None)
    said = "The billing specialist does not say what it did about the feedback."
    assert said in assess(order, Judgement(0.7, "lock_account", "")).route_reasons


def test_without_feedback_there_is_nothing_to_answer() -> None:
    agent, _ = agents([answers(a_verdict(0.7, feedback_answer="Nobody asked."))])

    assert agent.investigate(a_task(), no_journal())[0].feedback_answer is None


def test_report_and_assessment_say_which_prompt_asked_for_them() -> None:
    agent, _ = agents([answers(a_verdict(0.7))])
    report, _evidence = agent.investigate(a_task(), no_journal())
    judging = answers({"overall_risk_score": 0.7, "recommended_action": "lock_account", "reasoning": "So."})
    assessed = judged(an_assessment_task(reports=(report,)), ScriptedModel([judging]))

    assert report.prompt_version == PROMPTS.version("billing")
    assert assessed.prompt_version == PROMPTS.version("aggregator")


def test_changed_prompt_text_or_rules_change_its_version() -> None:
    versions = {
        Prompts(rules, {"billing": role}).version("billing")
        for rules in ("a", "b")
        for role in ("c $rules", "d $rules")
    }

    assert len(versions) == 4


def test_a_specialist_may_say_that_it_cannot_tell() -> None:
    unable = a_verdict(None, evaluable=False, reason="The customer has no charges.")
    agent, _ = agents([answers(unable)])

    report, _evidence = agent.investigate(a_task(), no_journal())

    assert (report.status, report.risk_score, report.reason) == ("not_evaluable", None, "The customer has no charges.")


@pytest.mark.parametrize(
    ("words", "most"), [("word " * 99 + "4411 more", 500), ("4411 " * 200, 500), ("x" * 496 + "4411", 500)]
)
def test_a_reason_that_is_cut_says_so(words: str, most: int) -> None:
    agent, _ = agents([answers(a_verdict(None, evaluable=False, reason=f"  {words} and on"))])

    reason = agent.investigate(a_task(), no_journal())[0].reason

    assert reason is not None
    assert len(reason) <= most
    assert reason.endswith("…")
    assert "4411" not in reason
    assert "44" not in reason


def test_a_reason_of_blanks_is_none() -> None:
    agent, _ = agents([answers(a_verdict(None, evaluable=False, reason=" \n "))])

    assert agent.investigate(a_task(), no_journal())[0].reason == "The specialist gave no reason."


@pytest.mark.parametrize(
    "words", ["word " * 199 + "12 million", "word " * 198 + "1 000 000 in all", "x" * 996 + "12345"]
)
def test_an_answer_to_feedback_that_is_cut_says_so(words: str) -> None:
    agent, _ = agents([answers(a_verdict(0.7, feedback_answer=words))])

    said = agent.investigate(a_second_round(), no_journal())[0].feedback_answer

    assert said is not None
    assert len(said) <= 1_000
    assert said.endswith("…")
    assert not any(sign.isdigit() for sign in said)


def test_a_statement_that_is_cut_says_so() -> None:
    found = [{"statement": "word " * 199 + "12 million", "evidence_ids": ["e-1"]}]
    agent, _ = agents([answers(a_verdict(0.7, findings=found))])

    (finding,) = agent.investigate(a_task(), no_journal())[0].findings

    assert finding.statement == "word " * 199 + "…"


def test_unusable_answer_is_reported_with_the_evidence_kept() -> None:
    agent, _ = agents([asks(("get_recent_charges", CUSTOMER)), says("hm"), says("hm")])

    report, evidence = agent.investigate(a_task(), no_journal())

    assert (report.status, report.risk_score) == ("unavailable", None)
    assert report.reason is not None
    assert report.reason.startswith("The model gave no usable answer")
    assert len(evidence) == 1


def test_endless_findings_are_cut() -> None:
    many = [{"statement": "x" * 5_000, "evidence_ids": ["e-1"]}] * 100 + [{"statement": " ", "evidence_ids": []}]
    agent, _ = agents([answers(a_verdict(0.2, findings=many))])

    report, _evidence = agent.investigate(a_task(), no_journal())

    assert len(report.findings) == 12
    assert {len(finding.statement) for finding in report.findings} == {1_000}


@pytest.mark.parametrize("specialist", SPECIALISTS)
def test_each_specialist_gets_its_own_prompt_and_tools(specialist: Specialist) -> None:
    everything: dict[str, JsonValue] = {name: {} for tools in SPECIALIST_TOOLS.values() for name in tools}
    agent, model = agents([answers(a_verdict())], FakeTools(everything | {"get_effect": {}}))

    agent.investigate(a_task(specialist), no_journal())

    assert {tool.name for tool in model.requests[0].tools} == set(SPECIALIST_TOOLS[specialist])
    assert model.requests[0].messages[0].text == PROMPTS.of(specialist, a_policy())
    assert model.requests[0].answer_format.name == "specialist_verdict"


def test_specialist_is_given_the_threshold_of_its_case() -> None:
    agent, model = agents([answers(a_verdict())])

    agent.investigate(a_task(auto_clear_threshold=0.45), no_journal())

    assert "From 0.45 on a person decides." in " ".join((model.requests[0].messages[0].text or "").split())


def test_no_specialist_is_ever_given_a_tool_that_writes() -> None:
    named = {name for tools in SPECIALIST_TOOLS.values() for name in tools}

    assert {name for name in named if not name.startswith(("get_", "search_"))} == set()


def test_missing_specialist_tools_are_no_reason_to_guess() -> None:
    agent, model = agents([], FakeTools({"get_weather": {}}))

    report, _ = agent.investigate(a_task(), no_journal())

    assert (report.status, report.risk_score) == ("unavailable", None)
    assert report.reason == "The tool server offers none of the billing specialist's tools."
    assert model.requests == []


def test_verdict_that_lacks_requested_records_is_no_score() -> None:
    everything: dict[str, JsonValue] = {name: {} for name in SPECIALIST_TOOLS["billing"]}
    tools = FakeTools(everything, errors={"get_orders": "The order archive is closed."})
    asked = asks(("get_customer", {"customer_id": 7}), ("get_orders", {"customer_id": 7}))
    agent, _ = agents([asked, answers(a_verdict(0.1, ["r1-billing-1"]))], tools)

    report, evidence = agent.investigate(a_task(), no_journal())

    assert (report.status, report.risk_score) == ("not_evaluable", None)
    assert report.reason == "The tool get_orders gave no records: The order archive is closed."
    assert [call.ok for call in evidence] == [True, False]


def test_tool_that_answered_in_the_end_is_not_missing() -> None:
    tools = FakeTools({"get_orders": {}, "get_recent_charges": {"charges": [{}]}})
    wrong, right = asks(("get_orders", {})), asks(("get_orders", CUSTOMER), ("get_recent_charges", CUSTOMER))
    agent, _ = agents([wrong, right, answers(a_verdict(0.1, ["r1-billing-3"]))], tools)

    assert agent.investigate(a_task(), no_journal())[0].status == "ok"


def test_a_report_says_what_its_model_calls_came_to() -> None:
    asked = asks(("get_customer", {"customer_id": 7}), input_tokens=80, output_tokens=20)
    agent, _ = agents([asked, answers(a_verdict(), input_tokens=150, output_tokens=30)])

    assert agent.investigate(a_task(), no_journal())[0].spend == Spend(
        model_calls=2, input_tokens=230, output_tokens=50
    )


def of_two_alerts(specialist: Specialist = "location") -> SpecialistTask:
    return a_task(specialist).model_copy(update={"joined": (an_alert("a-2", trigger_events=(an_event("e-2"),)),)})


def test_low_score_is_returned_until_every_alert_is_cited() -> None:
    logs = FakeTools({"get_security_logs": {"entries": [{"event": "login"}], "as_of": "2026-03-02T12:00:00Z"}})
    read = asks(("get_security_logs", CUSTOMER))
    incomplete, complete = (a_verdict(0.1, ["r1-location-1", "e-1", *more]) for more in ([], ["e-2"]))
    agent, model = agents([read, answers(incomplete), answers(complete)], logs)

    report, _evidence = agent.investigate(of_two_alerts(), no_journal())

    assert "a score below 0.6 must cite e-2" in (model.requests[2].messages[-1].text or "")
    assert report.findings[0].evidence_ids == ("r1-location-1", "e-1", "e-2")
    assert report.prompt_version == PROMPTS.version("location", several=True)
    assert report.alert_ids == (an_alert().alert_id, "a-2")


def test_low_score_needs_records_up_to_the_newest_alert() -> None:
    logs = FakeTools({"get_security_logs": {"entries": [{"event": "login"}], "as_of": "2026-03-02T12:00:00Z"}})
    late = an_alert("late-7", raised_at=an_alert().raised_at.replace(month=5))
    verdict = answers(a_verdict(0.1, ["r1-location-1", "e-1"]))
    agent, _ = agents([asks(("get_security_logs", CUSTOMER)), verdict, verdict], logs)

    report, _evidence = agent.investigate(a_task("location").model_copy(update={"joined": (late,)}), no_journal())

    assert (report.status, report.reason) == (
        "not_evaluable",
        "The records of get_security_logs end on 2026-03-02, more than 14 days before the alert "
        "impossible_travel (late-7).",
    )


@pytest.mark.parametrize("specialist", SPECIALISTS)
def test_specialists_never_get_the_task_tools(specialist: Specialist) -> None:
    """Not even where the tool server offers some under these names."""
    server = FakeTools({name: {} for name in (*SPECIALIST_TOOLS[specialist], *TASK_TOOLS)})
    asked, model = agents([says("nothing")] * 2, server)

    asked.investigate(a_task(specialist), no_journal())

    offered = {tool.name for request in model.requests for tool in request.tools}
    assert offered == {*SPECIALIST_TOOLS[specialist]}
    assert offered.isdisjoint(TASK_TOOLS)
