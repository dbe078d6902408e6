"""What a real endpoint adds of its own to a turn goes back to it, and to no other."""

from typing import Any

import pytest

from runtime.backoff import no_jitter
from tests.unit.worker.support.endpoint import (
    Endpoint,
    JsonObject,
    Said,
    failure,
    one_after_the_other,
)
from tests.unit.worker.support.endpoint_runs import (
    DONE,
    Kept,
    a_call,
    a_model,
    asks,
    investigate,
)
from worker.adapters.circuit_breaker import CircuitBreaker
from worker.adapters.client_loop import ClientLoop
from worker.adapters.failover import Deployment, FailoverModel
from worker.adapters.openai_model import OpenAIModel
from worker.adapters.providers import OpenAIProvider, open_client
from worker.adapters.rate_limiter import RateLimiter
from worker.agents.limits import Limits
from worker.ports.model import AnswerFormat, Message, ModelRequest, ModelUnavailable

SIGNATURE: JsonObject = {"google": {"thought_signature": "c2ln"}}


EXTRAS: dict[str, tuple[JsonObject, JsonObject]] = {
    "a signature in the call": ({}, {"extra_content": SIGNATURE}),
    "a signature in the message": ({"extra_content": SIGNATURE}, {}),
    "reasoning": ({"reasoning": "Hm.", "reasoning_details": [{"type": "reasoning.text", "text": "Hm."}]}, {}),
    "reasoning_content": ({"reasoning_content": "Hm."}, {"provider_specific_fields": {"signature": "s"}}),
    "all of it": ({"provider_specific": {"a": [1, 2.5, None]}, "reasoning_content": ""}, {"extra_content": SIGNATURE}),
}


@pytest.mark.parametrize(("message", "call"), EXTRAS.values(), ids=EXTRAS.keys())
@pytest.mark.parametrize("crashes", [False, True])
def test_additions_of_an_endpoint_go_back_word_for_word(
    loop: ClientLoop, message: JsonObject, call: JsonObject, crashes: bool
) -> None:
    turn = asks(a_call(**call), **message)
    with Endpoint(one_after_the_other(turn, DONE)) as endpoint:
        kept = Kept()
        if crashes:
            # The first attempt ends when it has one answer; the second, of another process, takes it up.
            investigate(a_model(loop, endpoint.url), kept, Limits(tokens=20))
        outcome = investigate(a_model(loop, endpoint.url), kept)

    assert outcome.result.failure is None
    assert len(outcome.kept.uses) == len(endpoint.asked) == 2
    given_back = endpoint.asked[1].body["messages"][2]
    assert given_back == turn.body["choices"][0]["message"]


def test_parts_of_a_content_go_back_unchanged(loop: ClientLoop) -> None:
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, {"type": "text", "text": "I look."}]
    with Endpoint(one_after_the_other(asks(content=parts), DONE)) as endpoint:
        investigate(a_model(loop, endpoint.url))

    assert endpoint.asked[1].body["messages"][2]["content"] == parts


def test_what_one_endpoint_adds_is_not_shown_to_another(loop: ClientLoop) -> None:
    turn = asks(a_call(extra_content=SIGNATURE), reasoning_content="Hm.")
    with Endpoint(one_after_the_other(turn, failure(500))) as first, Endpoint(lambda _: DONE) as second:
        deployments = [
            Deployment(str(number), a_model(loop, endpoint.url), CircuitBreaker(5, 15.0, lambda: 0.0, no_jitter))
            for number, endpoint in enumerate((first, second))
        ]
        outcome = investigate(FailoverModel(deployments, lambda: 0.0))

    assert outcome.result.failure is None
    assert "thought_signature" in str(first.asked[1].body)
    assert "thought_signature" not in str(second.asked[0].body)
    assert "reasoning_content" not in str(second.asked[0].body)


def test_refused_extras_are_noticed_with_one_turn_each(loop: ClientLoop) -> None:
    said = (Message(role="user", text="Hello."), Message(role="assistant", text="Hm.", extra=SIGNATURE, origin="m"))
    request = ModelRequest(messages=said, answer_format=AnswerFormat(name="a", json_schema={}))
    with Endpoint(lambda asked: failure(400) if "google" in str(asked.body) else DONE) as endpoint:
        client = open_client(OpenAIProvider(endpoint.url, "m-1"))
        loop.close_with(client.close)
        model = OpenAIModel(client, "m-1", loop, name="m", limiter=RateLimiter("m", 30))
        with pytest.raises(ModelUnavailable):
            model.complete(request, 2.0)
        model.complete(request, 20.0)

    assert ["google" in str(asked.body) for asked in endpoint.asked] == [True, False]


def test_endpoint_that_refuses_its_own_words_goes_without_them(loop: ClientLoop) -> None:
    def strict(asked: Any) -> Said:
        messages = asked.body["messages"]
        if any("reasoning" in message for message in messages):
            return failure(400, "'messages.2': property 'reasoning' is unsupported")
        return DONE if len(messages) > 4 else asks(reasoning="Hm.")

    with Endpoint(strict) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url))

    assert outcome.result.failure is None
    assert len(endpoint.asked) == 4
    assert len(outcome.kept.uses) == 3
