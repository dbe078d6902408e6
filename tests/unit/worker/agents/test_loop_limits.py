"""Where the bounded tool loop stops."""

import itertools

from tests.unit.worker.support.agents import (
    CUSTOMER,
    FakeTools,
    ScriptedModel,
    a_loop,
    a_verdict,
    an_assignment,
    answers,
    asks,
    no_journal,
    run,
)
from worker.agents.limits import Limits

TWICE = asks(("get_customer", CUSTOMER), ("get_customer", CUSTOMER))


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


def test_calls_left_out_of_an_answer_are_reported() -> None:
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
