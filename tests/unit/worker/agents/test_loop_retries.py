"""Passing faults of a model or a tool server are retried within the run's time."""

from dataclasses import dataclass, field
from typing import Any

from tests.unit.worker.support.agents import (
    CUSTOMER,
    FakeTools,
    ScriptedModel,
    Turn,
    a_loop,
    a_verdict,
    an_assignment,
    answers,
    asks,
    no_journal,
    run,
)
from worker.agents.limits import Limits
from worker.agents.loop import Result
from worker.agents.response_schemas import SpecialistVerdict
from worker.ports.model import ModelReply, ModelRequest, ModelUnavailable
from worker.ports.tools import ToolsUnavailable


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
