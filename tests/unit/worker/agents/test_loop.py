"""The bounded tool loop: what it asks, what it takes for an answer, where it stops, and that it survives a crash."""

import itertools
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.unit.worker.support.agents import (
    FakeTools,
    MemoryJournal,
    ProcessDied,
    ScriptedModel,
    Turn,
    a_loop,
    a_verdict,
    an_assignment,
    answers,
    asks,
    no_journal,
    says,
)
from worker.agents.limits import Limits
from worker.agents.loop import Result
from worker.agents.response_schemas import SpecialistVerdict
from worker.ports.model import ModelRejected, ModelReply, ModelRequest, ModelUnavailable
from worker.ports.tools import ToolsUnavailable

CUSTOMER = {"customer_id": 7}
TWICE = asks(("get_customer", CUSTOMER), ("get_customer", CUSTOMER))


def run(
    *turns: Turn, tools: FakeTools | None = None, journal: MemoryJournal | None = None, **options: Any
) -> Result[SpecialistVerdict]:
    """One attempt, with all that it did on record in the end."""
    tools, journal = tools or FakeTools(), journal or MemoryJournal()
    attempt = journal.run()
    result = a_loop(ScriptedModel(list(turns)), tools, **options).run(an_assignment(tools), attempt)
    attempt.keep()
    return result


def test_model_gets_tool_results_as_data_and_gives_verdict() -> None:
    tools = FakeTools({"get_customer": {"name": "Ada"}, "get_orders": {"orders": []}})
    model = ScriptedModel(
        [asks(("get_customer", CUSTOMER), ("get_orders", CUSTOMER)), answers(a_verdict(0.4, ["r1-location-2"]))]
    )

    result = a_loop(model, tools).run(an_assignment(tools), no_journal())

    assert result.answer is not None
    assert result.answer.risk_score == 0.4
    assert [(call.tool, call.shareable) for call in tools.batches[0]] == [("get_customer", True), ("get_orders", True)]
    system, user, asked, *told = model.requests[1].messages
    assert (system.role, user.role, asked.role) == ("system", "user", "assistant")
    assert [(message.role, message.call_id) for message in told] == [("tool", "call-1"), ("tool", "call-2")]
    assert json.loads(told[0].text or "") == {
        "evidence_id": "r1-location-1",
        "tool": "get_customer",
        "ok": True,
        "data": {"name": "Ada"},
    }


def test_every_tool_call_is_recorded_with_its_hash() -> None:
    result = run(asks(("get_customer", CUSTOMER), ("no_such_tool", CUSTOMER)), answers(a_verdict()))

    assert [(item.evidence_id, item.tool, item.arguments, item.ok) for item in result.evidence] == [
        ("r1-location-1", "get_customer", CUSTOMER, True),
        ("r1-location-2", "no_such_tool", CUSTOMER, False),
    ]
    assert result.evidence[0].result == {"name": "Ada"}
    assert [call.tool_call_id for call in result.tool_calls] == ["r1-location-1", "r1-location-2"]
    assert result.tool_calls[0].result_hash != result.tool_calls[1].result_hash
    assert (result.usage.tokens, result.usage.duration_ms, result.usage.model) == (200, 25, "scripted")


@pytest.mark.parametrize(
    ("tool", "arguments", "complaint"),
    [
        ("lock_account", CUSTOMER, "There is no tool 'lock_account'"),
        ("get_customer", "not json", "not a JSON object"),
        ("get_customer", "[7]", "not a JSON object"),
        ("get_customer", '{"customer_id": NaN}', "not a JSON object"),
        ("get_customer", {}, "'customer_id' is a required property"),
        ("get_customer", {"customer_id": "7"}, "is not of type 'integer'"),
        ("get_customer", {"customer_id": 7, "days": 0}, "less than the minimum"),
        ("get_customer", {"customer_id": 7, "sql": "drop"}, "Additional properties"),
        ("get_customer", {"customer_id": 8}, "This case is about customer 7 alone."),
    ],
)
def test_bad_tool_request_is_refused_with_its_reason(tool: str, arguments: Any, complaint: str) -> None:
    tools = FakeTools()
    model = ScriptedModel([asks((tool, arguments)), answers(a_verdict())])

    result = a_loop(model, tools).run(an_assignment(tools), no_journal())

    assert tools.batches == []
    told = json.loads(model.requests[1].messages[-1].text or "")
    assert told["ok"] is False
    assert complaint in told["error"]
    assert result.answer is not None


def test_tools_are_offered_for_the_case_s_customer_only() -> None:
    tools = FakeTools()
    model = ScriptedModel([answers(a_verdict())])

    a_loop(model, tools).run(an_assignment(tools), no_journal())

    (offered,), (described,) = model.requests[0].tools, tools.describe()
    assert offered.parameters["properties"] == {
        "customer_id": {
            "type": "integer",
            "minimum": 7,
            "maximum": 7,
            "description": "Always 7: the customer of this case.",
        },
        "days": {"type": "integer", "minimum": 1},
    }
    assert offered.parameters["required"] == described.parameters["required"]


BAD_ANSWERS: dict[str, Turn] = {
    "nothing": says(None),
    "empty text": says("  "),
    "no JSON": says("It looks fine to me."),
    "a list": says("[]"),
    "a score of 9": answers(a_verdict(9)),
    "a negative score": answers(a_verdict(-0.1)),
    "a score that is NaN": says(json.dumps(a_verdict()).replace("0.2", "NaN")),
    "an infinite score": says(json.dumps(a_verdict()).replace("0.2", "1e999")),
    "a score as text": answers(a_verdict() | {"risk_score": "0.2"}),
    "no score though evaluable": answers(a_verdict(None)),
    "a field too many": answers(a_verdict(verified=True)),
    "a field too few": answers({"evaluable": True}),
    "JSON cut off": says(json.dumps(a_verdict())[:-20]),
}


@pytest.mark.parametrize("bad", BAD_ANSWERS.values(), ids=BAD_ANSWERS.keys())
def test_a_wrong_answer_may_be_repaired_once(bad: Turn) -> None:
    model = ScriptedModel([bad, answers(a_verdict(0.3))])

    result = a_loop(model).run(an_assignment(), no_journal())

    assert result.answer is not None
    assert result.answer.risk_score == 0.3
    repair = model.requests[1].messages[-1]
    assert repair.role == "user"
    assert "Answer again" in (repair.text or "")


@pytest.mark.parametrize("bad", BAD_ANSWERS.values(), ids=BAD_ANSWERS.keys())
def test_a_second_wrong_answer_ends_the_run_without_one(bad: Turn) -> None:
    result = run(bad, bad)

    assert result.answer is None
    assert result.failure is not None
    assert result.failure.startswith("The model gave no usable answer, not even when asked again:")


def test_a_fenced_answer_is_an_answer() -> None:
    result = run(says(f"```json\n{json.dumps(a_verdict(0.25))}\n```"))

    assert result.answer is not None
    assert result.answer.risk_score == 0.25


def test_a_refusal_ends_the_run_without_an_answer() -> None:
    assert run(says(None, refusal="I cannot help with that.")).failure == "The model refused to answer."


def test_request_that_the_endpoint_rejects_ends_the_run() -> None:
    rejected = ModelRejected("The model endpoint refused the request with status 400.")

    result = run(asks(("get_customer", CUSTOMER)), rejected)

    assert result.failure == str(rejected)
    assert len(result.evidence) == 1


def test_turn_with_one_bad_request_runs_the_good_ones() -> None:
    tools = FakeTools()

    result = run(asks(("get_customer", CUSTOMER), ("get_customer", {})), answers(a_verdict()), tools=tools)

    assert [call.arguments for call in tools.batches[0]] == [CUSTOMER]
    assert [item.ok for item in result.evidence] == [True, False]
    assert result.answer is not None


def test_second_wrong_request_ends_the_run() -> None:
    tools = FakeTools()

    result = run(asks(("no_such_tool", CUSTOMER)), asks(("get_customer", {})), tools=tools)

    assert result.failure == (
        "The model asked for a tool wrongly, again after it had been told why: "
        "The arguments do not fit the tool's schema: 'customer_id' is a required property."
    )
    assert tools.batches == []


def test_reply_that_was_cut_off_may_be_rewritten_once() -> None:
    cut = answers(a_verdict(), finish="length")
    model = ScriptedModel([cut, answers(a_verdict(0.3))])

    repaired = a_loop(model).run(an_assignment(), no_journal())

    assert repaired.answer is not None
    assert "cut off at the model's length limit" in (model.requests[1].messages[-1].text or "")
    assert run(cut, cut).failure == (
        "The model gave no usable answer, not even when asked again: "
        "it was cut off at the model's length limit, so be briefer."
    )


def test_tool_requests_that_were_cut_off_are_not_run() -> None:
    tools = FakeTools()

    run(asks(("get_customer", CUSTOMER), finish="length"), answers(a_verdict()), tools=tools)

    assert tools.batches == []


def test_answer_withheld_by_the_content_filter_ends_the_run() -> None:
    failure = run(says(None, finish="content_filter")).failure

    assert failure == "The content filter of the model endpoint withheld the answer."


@dataclass
class Clock:
    """Time that passes only while the loop pauses."""

    seconds: float = 0.0
    pauses: list[float] = field(default_factory=list[float])

    def now(self) -> float:
        return self.seconds

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.seconds += seconds


def patiently(*turns: Turn, **limits: Any) -> tuple[Result[SpecialistVerdict], Clock]:
    clock = Clock()
    loop = a_loop(ScriptedModel(list(turns)), limits=Limits(**limits), monotonic=clock.now, pause=clock.pause)
    return loop.run(an_assignment(), no_journal()), clock


def test_passing_fault_is_retried_after_growing_pauses() -> None:
    fault = ModelUnavailable("The model endpoint failed with status 500.")

    result, clock = patiently(fault, fault, fault, answers(a_verdict(0.4)))

    assert result.answer is not None
    assert [0.75 * length < pause <= length for length, pause in zip((1, 2, 4), clock.pauses, strict=True)] == [
        True
    ] * 3
    assert result.usage.model_calls == 1


def test_run_gives_up_after_its_retries_with_the_fault() -> None:
    fault = ModelUnavailable("The model endpoint failed with status 500.")

    result, clock = patiently(fault, fault, fault, retries=2)

    assert result.failure == "The model endpoint failed with status 500."
    assert len(clock.pauses) == 2


def test_the_pause_that_the_server_names_is_kept() -> None:
    _, clock = patiently(ModelUnavailable("Overloaded.", retry_after_s=7.0), answers(a_verdict()))

    assert clock.pauses == [7.0]


def test_pause_longer_than_the_run_is_not_begun() -> None:
    result, clock = patiently(ModelUnavailable("Overloaded for an hour.", retry_after_s=3600.0))

    assert result.failure == "Overloaded for an hour."
    assert clock.pauses == []


def test_unsent_requests_use_up_time_and_no_retries() -> None:
    resting = ModelUnavailable("The model did not answer in time.", retry_after_s=10.0, asked=False)

    answered, clock = patiently(resting, resting, resting, answers(a_verdict()), retries=0, seconds=60)
    given_up, _ = patiently(*[resting] * 3, retries=0, seconds=25)

    assert answered.answer is not None
    assert clock.pauses == [10.0] * 3
    assert given_up.failure == "The model did not answer in time."


def test_model_that_times_out_costs_only_the_run_time() -> None:
    clock = Clock()

    class Hanging(ScriptedModel):
        def complete(self, request: ModelRequest, timeout_s: float) -> ModelReply:
            self.timeouts.append(timeout_s)
            clock.seconds += timeout_s
            raise ModelUnavailable("The model did not answer in time.")

    model = Hanging([])
    result = a_loop(model, limits=Limits(), monotonic=clock.now, pause=clock.pause).run(an_assignment(), no_journal())

    assert result.failure == "The model did not answer in time."
    assert clock.seconds <= Limits().seconds
    assert model.timeouts[:2] == [40.0, 40.0]


def test_tool_server_outage_is_retried_and_then_named() -> None:
    tools = FakeTools(fault=ToolsUnavailable("The tool server could not be reached."))

    result = run(asks(("get_customer", CUSTOMER)), tools=tools, limits=Limits(retries=3))

    assert result.failure == "The tool server could not be reached."
    assert len(tools.batches) == 4


def test_limit_of_model_calls_demands_the_answer_last() -> None:
    model = ScriptedModel([asks(("get_customer", CUSTOMER)) for _ in range(3)])

    result = a_loop(model, limits=Limits(model_calls=3)).run(an_assignment(), no_journal())

    assert result.failure == "The model reached no answer within 3 calls."
    assert [request.may_call_tools for request in model.requests] == [True, True, False]


def test_it_stops_at_the_limit_of_tool_calls() -> None:
    tools = FakeTools()

    model = ScriptedModel([TWICE, TWICE, TWICE, answers(a_verdict(0.2))])

    result = a_loop(model, tools, limits=Limits(tool_calls=3)).run(an_assignment(), no_journal())

    assert result.failure is None
    assert [len(batch) for batch in tools.batches] == [2, 1]
    assert [call.ok for call in result.tool_calls] == [True, True, True, False, False, False]
    assert [request.may_call_tools for request in model.requests] == [True, True, False, False]
    assert "Not carried out: 2 calls were asked for and 1 of the 3" in (model.requests[2].messages[-1].text or "")


def test_calls_left_out_of_an_answer_are_told() -> None:
    model = ScriptedModel([TWICE.model_copy(update={"calls_left_out": 199_998}), answers(a_verdict(0.2))])

    result = a_loop(model).run(an_assignment(), no_journal())

    assert result.failure is None
    assert [call.ok for call in result.tool_calls] == [True, False]
    assert "200,000 calls were asked for" in (model.requests[1].messages[-1].text or "")


def test_it_stops_at_the_limit_of_tokens() -> None:
    result = run(asks(("get_customer", CUSTOMER), tokens=500), limits=Limits(tokens=500))

    assert result.failure == "The limit of 500 tokens was reached without an answer."


def test_limit_of_seconds_gives_each_call_what_is_left() -> None:
    ticks = itertools.chain([0.0, 0.0, 0.0, 25.0], itertools.repeat(31.0))
    model = ScriptedModel([asks(("get_customer", CUSTOMER)), asks(("get_customer", CUSTOMER))])

    result = a_loop(model, limits=Limits(seconds=30, model_timeout_s=20), monotonic=lambda: next(ticks)).run(
        an_assignment(), no_journal()
    )

    assert result.failure == "There was no answer within 30 seconds."
    assert model.timeouts == [20, 5]


def test_what_was_recorded_is_not_asked_again() -> None:
    journal = MemoryJournal()
    turns: list[Turn] = [asks(("get_customer", CUSTOMER)), answers(a_verdict(0.4, ["r1-location-1"]))]
    first = run(*turns, journal=journal)
    tools = FakeTools(fault=ToolsUnavailable("Down."))

    again = run(tools=tools, journal=journal)

    assert again == first
    assert journal.keys == ["r1-location-m1", "r1-location-t1", "r1-location-m2"]


@pytest.mark.parametrize(
    ("died", "asked_again"),
    [
        ({"dies_before": "r1-location-m1"}, 2),
        ({"dies_after": "r1-location-m1"}, 1),
        ({"dies_before": "r1-location-t1"}, 1),
        ({"dies_after": "r1-location-t1"}, 0),
        ({"dies_before": "r1-location-m2"}, 1),
        ({"dies_after": "r1-location-m2"}, 0),
    ],
)
def test_crash_repeats_only_the_call_in_flight(died: dict[str, str], asked_again: int) -> None:
    journal = MemoryJournal(dies_before=died.get("dies_before"), dies_after=died.get("dies_after"))
    script: list[Turn] = [asks(("get_customer", CUSTOMER)), answers(a_verdict(0.4))]
    with pytest.raises(ProcessDied):
        run(*script, journal=journal)
    journal.dies_before = journal.dies_after = None
    model = ScriptedModel(script[len(script) - asked_again :])

    result = a_loop(model).run(an_assignment(), journal.run())

    assert result.answer is not None
    assert len(model.requests) == asked_again
    assert model.turns == []


def test_evidence_stays_what_the_model_saw_despite_changed_records() -> None:
    journal = MemoryJournal(dies_after="r1-location-m2")
    with pytest.raises(ProcessDied):
        run(asks(("get_customer", CUSTOMER)), answers(a_verdict()), journal=journal)
    journal.dies_after = None

    result = run(journal=journal, tools=FakeTools({"get_customer": {"name": "Somebody else"}}))

    assert result.evidence[0].result == {"name": "Ada"}


def test_an_entry_that_another_release_wrote_is_done_again() -> None:
    journal = MemoryJournal({("case-1", "r1-location-m1"): '{"choices": []}'})

    assert run(answers(a_verdict(0.3)), journal=journal).answer is not None
