"""Several deployments as one model."""

from collections.abc import Callable

import pytest

from runtime.backoff import no_jitter
from tests.unit.worker.support.agents import ScriptedModel, Turn, says
from worker.adapters.circuit_breaker import CircuitBreaker
from worker.adapters.failover import Deployment, FailoverModel
from worker.ports.model import AnswerFormat, Message, ModelRejected, ModelReply, ModelRequest, ModelUnavailable

REQUEST = ModelRequest(
    messages=(Message(role="user", text="Hello."),), answer_format=AnswerFormat(name="a", json_schema={})
)
DOWN = ModelUnavailable("The model endpoint failed with status 500.")
BUSY = ModelUnavailable("It is at its limit.", retry_after_s=30.0, asked=False, endpoint_is_well=True)
SLOW = ModelUnavailable("The model did not answer in time.")
CUT_SHORT = ModelUnavailable("The model did not answer in time.", cut_short=True)
NO_KEY = ModelRejected("The model endpoint refused the worker's credentials (status 401).", elsewhere=True)


class Clock:
    """Time that passes only when a model takes it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class SlowModel(ScriptedModel):
    """Uses up the time that it is given before it fails."""

    def __init__(self, clock: Clock, fault: ModelUnavailable) -> None:
        super().__init__([])
        self._clock = clock
        self._fault = fault

    def complete(self, request: ModelRequest, timeout_s: float) -> ModelReply:
        self.timeouts.append(timeout_s)
        self._clock.seconds += timeout_s
        raise self._fault


def a_deployment(name: str, model: ScriptedModel, clock: Callable[[], float], failures: int = 5) -> Deployment:
    return Deployment(name, model, CircuitBreaker(failures, 15.0, clock, no_jitter))


def two(
    first: list[Turn], second: list[Turn], clock: Clock | None = None, failures: int = 5
) -> tuple[FailoverModel, ScriptedModel, ScriptedModel]:
    clock = clock or Clock()
    one, other = ScriptedModel(first), ScriptedModel(second)
    deployments = [a_deployment("gpt-5 at a", one, clock, failures), a_deployment("gpt-5 at b", other, clock, failures)]
    return FailoverModel(deployments, clock), one, other


def test_the_first_deployment_answers_while_it_is_well() -> None:
    model, first, second = two([says("1", model="a"), says("2", model="a")], [])

    assert [model.complete(REQUEST, 10).text for _ in range(2)] == ["1", "2"]
    assert (len(first.requests), len(second.requests)) == (2, 0)


def test_second_deployment_answers_for_a_failed_first_by_name() -> None:
    model, _, _ = two([DOWN], [says("hello", model="b")])

    assert model.complete(REQUEST, 10).model == "b"


def test_lately_failed_deployment_is_asked_last_for_a_while() -> None:
    clock = Clock()
    model, first, _ = two([DOWN, says("back", model="a")], [says("1"), says("2")], clock)
    model.complete(REQUEST, 10)
    model.complete(REQUEST, 10)
    assert len(first.requests) == 1

    clock.seconds += 31

    assert model.complete(REQUEST, 10).text == "back"


def test_wrong_credentials_at_one_place_spare_the_other() -> None:
    model, _, _ = two([NO_KEY], [says("hello")])

    assert model.complete(REQUEST, 10).text == "hello"


def test_request_refused_for_its_content_is_not_shown_around() -> None:
    model, _, second = two([ModelRejected("The content filter refused the case.")], [says("hello")])

    with pytest.raises(ModelRejected):
        model.complete(REQUEST, 10)
    assert second.requests == []


def test_when_none_answers_each_is_named_with_its_fault() -> None:
    model, _, _ = two([DOWN], [SLOW])

    with pytest.raises(ModelUnavailable) as raised:
        model.complete(REQUEST, 10)

    assert str(raised.value) == (
        "No model deployment answered. gpt-5 at a: The model endpoint failed with status 500. "
        "gpt-5 at b: The model did not answer in time."
    )
    assert raised.value.asked


def test_shared_fault_is_one_sentence_shared_refusal_is_final() -> None:
    with pytest.raises(ModelUnavailable, match=r"^The model endpoint failed with status 500\.$"):
        two([DOWN], [DOWN])[0].complete(REQUEST, 10)
    with pytest.raises(ModelRejected, match="credentials"):
        two([NO_KEY], [NO_KEY])[0].complete(REQUEST, 10)


@pytest.mark.parametrize("fault", [SLOW, CUT_SHORT])
def test_hanging_first_deployment_leaves_next_try_to_the_second(fault: ModelUnavailable) -> None:
    clock = Clock()
    first, second = SlowModel(clock, fault), ScriptedModel([says("hello")])
    model = FailoverModel([a_deployment("a", first, clock), a_deployment("b", second, clock)], clock)

    with pytest.raises(ModelUnavailable) as raised:
        model.complete(REQUEST, 40)

    assert (raised.value.retry_after_s, first.timeouts) == (0.0, [40])
    assert model.complete(REQUEST, 40).text == "hello"


def test_deployments_that_keep_failing_are_not_even_asked() -> None:
    clock = Clock()
    model, first, second = two([DOWN] * 2, [DOWN] * 2, clock, failures=2)
    for _ in range(2):
        with pytest.raises(ModelUnavailable):
            model.complete(REQUEST, 10)

    with pytest.raises(ModelUnavailable) as raised:
        model.complete(REQUEST, 10)

    assert (raised.value.asked, raised.value.retry_after_s) == (False, 15.0)
    assert str(raised.value) == "The model endpoint failed with status 500."
    assert (len(first.requests), len(second.requests)) == (2, 2)


def test_call_that_breaks_off_frees_the_circuit() -> None:
    clock = Clock()
    model, _, _ = two([DOWN, RuntimeError("a defect"), says("well again")], [DOWN], clock, failures=1)
    with pytest.raises(ModelUnavailable):
        model.complete(REQUEST, 10)
    clock.seconds += 31

    with pytest.raises(RuntimeError):
        model.complete(REQUEST, 10)

    assert model.complete(REQUEST, 10).text == "well again"


def test_deployment_at_its_limit_leaves_the_question_to_another() -> None:
    model, first, second = two([BUSY], [says("1", model="b")])
    assert model.complete(REQUEST, 10).text == "1"
    assert (len(first.requests), len(second.requests)) == (1, 1)
    # It is not said to have failed: it is the first choice again.
    first.turns.append(says("2", model="a"))
    assert model.complete(REQUEST, 10).text == "2"


def test_all_at_their_limits_say_when_to_come_back() -> None:
    later = ModelUnavailable("It is busy.", retry_after_s=40.0, asked=False, endpoint_is_well=True)
    model, _, _ = two([BUSY], [later])
    with pytest.raises(ModelUnavailable) as busy:
        model.complete(REQUEST, 10)
    assert (busy.value.asked, busy.value.retry_after_s) == (False, 30.0)


def test_one_that_failed_beside_a_busy_one_was_asked() -> None:
    model, _, _ = two([BUSY], [DOWN])
    with pytest.raises(ModelUnavailable) as fault:
        model.complete(REQUEST, 10)
    assert (fault.value.asked, fault.value.retry_after_s) == (True, 30.0)
    assert str(fault.value) == f"No model deployment answered. gpt-5 at a: {BUSY} gpt-5 at b: {DOWN}"


def test_limit_says_nothing_about_a_deployment_that_fails() -> None:
    model, first, _ = two([DOWN, BUSY, DOWN], [DOWN] * 3, failures=2)
    for _ in range(3):
        with pytest.raises(ModelUnavailable):
            model.complete(REQUEST, 10)
    # Two failures in a row, with the limit between them, open its circuit.
    with pytest.raises(ModelUnavailable):
        model.complete(REQUEST, 10)
    assert len(first.requests) == 3


def test_call_that_was_cut_short_counts_as_nothing() -> None:
    model, first, _ = two([DOWN, CUT_SHORT, DOWN], [DOWN] * 3, failures=2)
    for _ in range(4):
        with pytest.raises(ModelUnavailable):
            model.complete(REQUEST, 10)
    assert len(first.requests) == 3


def test_probe_that_was_cut_short_closes_no_circuit() -> None:
    clock = Clock()
    model, first, _ = two([DOWN, CUT_SHORT, DOWN], [DOWN] * 3, clock, failures=1)
    for _ in range(4):
        with pytest.raises(ModelUnavailable):
            model.complete(REQUEST, 10)
        clock.seconds += 16
    assert len(first.requests) == 3
