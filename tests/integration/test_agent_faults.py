"""Every fault of model and tools, at each of the four agents: the case goes to a person, with the reason.

Nothing here is faked: the activities, the agent loop and the guard rails speak HTTP with the local model and with the
customer tools, which fail for one agent.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from contracts.assessment import RiskAssessment
from contracts.report import SPECIALISTS, Specialist
from tests.integration.fault_stack import (
    HASTY_WITH_MODELS,
    HASTY_WITH_TOOLS,
    PATIENT,
    FaultStack,
    ToolFault,
    fault_stack,
)
from worker.agents.limits import Limits

UNUSABLE = "The model gave no usable answer, not even when asked again: "
WRONGLY = "The model asked for a tool wrongly, again after it had been told why: "


@dataclass(frozen=True)
class Fault:
    """One way to fail, and the sentence that a person reads about it."""

    says: str
    control: Mapping[str, Any] = field(default_factory=dict[str, Any])
    tool: ToolFault | None = None
    tools_up: bool = True
    limits: Limits = PATIENT

    @property
    def is_of_tools(self) -> bool:
        return self.tool is not None or not self.tools_up


FAULTS: Mapping[str, Fault] = {
    "timeout": Fault("The model did not answer in time.", {"fault": "timeout"}, limits=HASTY_WITH_MODELS),
    "reset": Fault("The model endpoint broke the connection before it answered.", {"fault": "reset"}),
    "429": Fault("The model endpoint is overloaded (status 429).", {"fault": "429"}),
    "429-retry-after": Fault(
        "The model endpoint is overloaded (status 429) and asks to wait 900 seconds.",
        {"fault": "429", "retry_after_s": 900},
    ),
    "500": Fault("The model endpoint failed with status 500.", {"fault": "500"}),
    "empty": Fault(UNUSABLE + "the answer was empty.", {"fault": "empty"}),
    "refusal": Fault("The model refused to answer.", {"fault": "refusal"}),
    "content-filter": Fault(
        "The content filter of the model endpoint withheld the answer.", {"fault": "content_filter"}
    ),
    "length": Fault(UNUSABLE + "it was cut off at the model's length limit, so be briefer.", {"fault": "length"}),
    "invalid-json": Fault(UNUSABLE + "the answer: Invalid JSON", {"fault": "invalid_json"}),
    "wrong-shape": Fault(UNUSABLE, {"fault": "wrong_shape"}),
    "score-9": Fault("a score is a number from 0 to 1.", {"fault": "score_9"}),
    "nan": Fault("Input should be a finite number.", {"fault": "nan"}),
    "negative": Fault("a score is a number from 0 to 1.", {"fault": "negative"}),
    "unknown-tool": Fault(WRONGLY + "There is no tool 'wire_all_money_abroad'", {"fault": "unknown_tool"}),
    "bad-arguments": Fault(WRONGLY, {"fault": "bad_arguments"}),
    "endless-tools": Fault("The model reached no answer within 6 calls.", {"fault": "endless_tools"}),
    "tools-down": Fault("The tool server could not be reached.", tools_up=False),
    "tool-error": Fault("The tool get_customer gave no records: The customer's file is damaged.", tool="error"),
    "slow-tool": Fault("did not answer within 0.3 seconds.", tool="slow", limits=HASTY_WITH_TOOLS),
}
WITHOUT_TOOLS = {"endless-tools": Fault(WRONGLY + "There is no tool", {"fault": "endless_tools"})}
"""The aggregator has no tools to ask for without end."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Generator[FaultStack]:
    with fault_stack(tmp_path_factory.mktemp("faults")) as running:
        yield running


def reasons_of(assessment: RiskAssessment) -> str:
    return " ".join(assessment.route_reasons)


def test_without_a_fault_the_case_is_cleared_by_itself(stack: FaultStack) -> None:
    alert = stack.open_case()

    assessment = stack.assessment(alert, tuple(stack.file_healthy(alert).values()))

    assert (assessment.route, assessment.route_reasons) == ("auto_clear", ())


@pytest.mark.parametrize("specialist", SPECIALISTS)
@pytest.mark.parametrize("name", FAULTS)
def test_specialist_fault_sends_case_to_a_person(stack: FaultStack, name: str, specialist: Specialist) -> None:
    fault, alert = FAULTS[name], stack.open_case()

    if fault.tool is not None:
        with stack.tool_fault(fault.tool):
            report = stack.report(alert, specialist, fault.limits)
    else:
        with stack.model_fault(agent=specialist, **fault.control):
            report = stack.report(alert, specialist, fault.limits, tools_up=fault.tools_up)
    healthy = stack.file_healthy(alert)
    assessment = stack.assessment(alert, tuple((healthy | {specialist: report}).values()))

    assert (report.risk_score, assessment.route) == (None, "review")
    assert fault.says in (report.reason or "")
    assert f"The {specialist} specialist" in reasons_of(assessment)
    assert fault.says in reasons_of(assessment)


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if not fault.is_of_tools])
def test_aggregator_fault_sends_case_to_a_person(stack: FaultStack, name: str) -> None:
    fault, alert = WITHOUT_TOOLS.get(name, FAULTS[name]), stack.open_case()

    reports = tuple(stack.file_healthy(alert).values())

    with stack.model_fault(agent="aggregator", **fault.control):
        assessment = stack.assessment(alert, reports, fault.limits)

    assert (assessment.route, assessment.overall_risk_score) == ("review", None)
    assert assessment.recommended_action != "clear"
    assert "There is no usable overall assessment: " in reasons_of(assessment)
    assert fault.says in reasons_of(assessment)


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.is_of_tools])
def test_failed_tools_leave_the_aggregator_no_case_to_clear(stack: FaultStack, name: str) -> None:
    fault, alert = FAULTS[name], stack.open_case()
    with stack.tool_fault(fault.tool) if fault.tool else stack.model_fault():
        reports = tuple(stack.report(alert, each, fault.limits, tools_up=fault.tools_up) for each in SPECIALISTS)
    calls = stack.model_calls()

    assessment = stack.assessment(alert, reports)

    assert (assessment.route, stack.model_calls()) == ("review", calls)
    assert fault.says in reasons_of(assessment)


def test_one_outage_of_the_model_is_one_reason(stack: FaultStack) -> None:
    alert = stack.open_case()
    with stack.model_fault(fault="500"):
        reports = tuple(stack.report(alert, specialist) for specialist in SPECIALISTS)
        assessment = stack.assessment(alert, reports)

    assert assessment.route_reasons == (
        "The usage, location and billing specialists were unavailable: The model endpoint failed with status 500.",
        "There is no usable overall assessment: No specialist could report, so there is nothing to judge.",
    )


@pytest.mark.parametrize("fault", ["429", "500", "reset", "empty", "invalid_json", "score_9", "wrong_shape"])
def test_passing_fault_costs_a_call_and_not_the_case(stack: FaultStack, fault: str) -> None:
    alert = stack.open_case()
    calls = stack.model_calls()

    with stack.model_fault(fault=fault, times=1, agent="usage", retry_after_s=0):
        report = stack.report(alert, "usage")

    assert (report.status, report.reason) == ("ok", None)
    assert stack.model_calls() - calls == 3, "two without the fault"
