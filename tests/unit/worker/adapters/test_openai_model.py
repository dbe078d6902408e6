"""The model adapter against the real rules model, and against endpoints that misbehave."""

import http.server
import json
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import httpx2
import pytest
from pydantic import JsonValue

from contracts.investigation import SpecialistTask
from tests.support.ports import free_port
from tests.unit.worker.support.agents import CUSTOMER_ARGUMENTS
from tests.unit.worker.support.cases import a_policy, an_alert
from worker.adapters.client_loop import ClientLoop
from worker.adapters.deployments import open_models
from worker.adapters.openai_model import OpenAIModel
from worker.adapters.providers import AzureProvider, OpenAIProvider, open_client
from worker.adapters.rate_limiter import RateLimiter
from worker.agents.conversation import specialist_case, tool_answer
from worker.agents.prompts import load_prompts
from worker.agents.response_schemas import SpecialistVerdict, answer_format, read_answer
from worker.ports.model import Message, ModelRejected, ModelRequest, ModelUnavailable
from worker.ports.tools import ToolDescription

FORMAT = answer_format("specialist_verdict", SpecialistVerdict)
TOOL = ToolDescription(name="get_customer", description="A customer.", parameters=CUSTOMER_ARGUMENTS)


def a_model(loop: ClientLoop, base_url: str) -> OpenAIModel:
    client = open_client(OpenAIProvider(base_url, "casewright-rules-1"))
    loop.close_with(client.close)
    return OpenAIModel(client, "casewright-rules-1", loop)


def a_request(*more: Message, **changes: Any) -> ModelRequest:
    order = SpecialistTask(case_id="case-1", round=1, specialist="location", alert=an_alert(), policy=a_policy())
    opening = (
        Message(role="system", text=load_prompts().of("location", order.policy)),
        Message(role="user", text=specialist_case(order)),
    )
    values: dict[str, Any] = {"messages": (*opening, *more), "tools": (TOOL,), "answer_format": FORMAT}
    return ModelRequest(**(values | changes))


@pytest.fixture
def control(rules_model: str) -> Iterator[httpx2.Client]:
    """Sets the rules model's faults, and takes them away afterwards."""
    with httpx2.Client(base_url=rules_model, timeout=60) as client:
        yield client
        client.put("/control", json={"latency_s": 0, "fault": None, "text": None, "times": None}).raise_for_status()


def test_an_answer_says_where_it_came_from_without_credentials(loop: ClientLoop, rules_model: str) -> None:
    signed_in = rules_model.replace("http://", "http://ana:hunter2@")

    said = a_model(loop, f"{signed_in}/v1").complete(a_request(), 30)

    assert said.host == rules_model.removeprefix("http://")


def test_failover_says_where_the_answer_came_from(loop: ClientLoop, rules_model: str) -> None:
    nobody = f"http://127.0.0.1:{free_port()}/v1"
    providers = [OpenAIProvider(url, "casewright-rules-1") for url in (nobody, f"{rules_model}/v1")]

    said = open_models(providers, loop, 5, 15.0).complete(a_request(), 30)

    assert said.host == rules_model.removeprefix("http://")


def test_deployments_have_limits_of_their_own(loop: ClientLoop, rules_model: str) -> None:
    elsewhere = rules_model.replace("127.0.0.1", "localhost")
    providers = [
        OpenAIProvider(f"{url}/v1", "casewright-rules-1", requests_per_minute=1) for url in (rules_model, elsewhere)
    ]
    model = open_models(providers, loop, 5, 15.0)

    hosts = [model.complete(a_request(), 60).host for _ in range(2)]
    with pytest.raises(ModelUnavailable, match=r"takes no more requests per minute: this one would wait") as busy:
        model.complete(a_request(), 10)

    assert hosts == [url.removeprefix("http://") for url in (rules_model, elsewhere)]
    assert not busy.value.asked
    assert busy.value.retry_after_s is not None
    assert 5 < busy.value.retry_after_s <= 61


def test_limit_of_the_answer_s_headers_counts(loop: ClientLoop, rules_model: str, control: httpx2.Client) -> None:
    model = open_models([OpenAIProvider(f"{rules_model}/v1", "casewright-rules-1")], loop, 5, 15.0)
    model.complete(a_request(), 60)  # the first request takes longest, and time passes for the limit as well
    control.put("/control", json={"requests_per_minute": 6}).raise_for_status()
    model.complete(a_request(), 60)

    with pytest.raises(ModelUnavailable, match="takes no more requests per minute") as busy:
        model.complete(a_request(), 4)

    assert busy.value.retry_after_s is not None
    assert 2 < busy.value.retry_after_s <= 61 / 6
    control.put("/control", json={}).raise_for_status()
    assert model.complete(a_request(), 60).duration_ms < 5_000


def test_model_that_had_less_time_is_cut_short(loop: ClientLoop, rules_model: str, control: httpx2.Client) -> None:
    client = open_client(OpenAIProvider(f"{rules_model}/v1", "casewright-rules-1"))
    loop.close_with(client.close)
    limiter = RateLimiter("rules", 20)
    model = OpenAIModel(client, "casewright-rules-1", loop, limiter=limiter)
    OpenAIModel(client, "casewright-rules-1", loop).complete(a_request(), 60)  # the first request takes longest
    control.put("/control", json={"latency_s": 60}).raise_for_status()
    loop.call(partial(limiter.acquire, 30.0))

    # The turn comes after three seconds, and late on a busy machine: half of the time is for waiting.
    with pytest.raises(ModelUnavailable) as cut:
        model.complete(a_request(), 10)

    assert (cut.value.cut_short, cut.value.endpoint_is_well, cut.value.asked) == (True, False, True)


def test_a_real_conversation_goes_from_tools_to_a_verdict(loop: ClientLoop, rules_model: str) -> None:
    model = a_model(loop, f"{rules_model}/v1")

    asked = model.complete(a_request(), 30)
    (call,) = asked.tool_requests
    customer: dict[str, JsonValue] = {
        "customer_id": 7,
        "status": "active",
        "home_country": "DE",
        "usual_countries": ["DE"],
    }
    said = model.complete(
        a_request(
            Message(role="assistant", tool_requests=asked.tool_requests),
            Message(
                role="tool",
                call_id=call.call_id,
                text=tool_answer("r1-location-1", call.tool, ok=True, result=customer),
            ),
            may_call_tools=False,
        ),
        30,
    )

    assert (call.tool, json.loads(call.arguments)["customer_id"]) == ("get_customer", 7)
    verdict = read_answer(said.text, SpecialistVerdict)
    assert verdict.findings
    assert (said.model, said.tool_requests) == ("casewright-rules-1", ())
    assert said.tokens > 100


@pytest.mark.parametrize("status", [429, 500])
def test_passing_fault_is_asked_about_once_and_raised(
    loop: ClientLoop, rules_model: str, control: httpx2.Client, status: int
) -> None:
    control.put("/control", json={"fault": str(status)}).raise_for_status()
    calls = control.get("/control/stats").json()["calls"]

    with pytest.raises(ModelUnavailable, match=f"status {status}"):
        a_model(loop, f"{rules_model}/v1").complete(a_request(), 30)
    assert control.get("/control/stats").json()["calls"] == calls + 1


def test_a_slow_model_is_cut_off(loop: ClientLoop, rules_model: str, control: httpx2.Client) -> None:
    control.put("/control", json={"latency_s": 30}).raise_for_status()

    with pytest.raises(ModelUnavailable, match="did not answer in time"):
        a_model(loop, f"{rules_model}/v1").complete(a_request(), 0.5)


def test_a_model_that_is_not_there_is_unavailable(loop: ClientLoop) -> None:
    with pytest.raises(ModelUnavailable, match="could not be reached"):
        a_model(loop, "http://127.0.0.1:9/v1").complete(a_request(), 60)


@pytest.mark.parametrize("tools", [(), (TOOL,)])
def test_a_malformed_conversation_is_rejected(
    loop: ClientLoop, rules_model: str, tools: tuple[ToolDescription, ...]
) -> None:
    orphan = Message(role="tool", call_id="nobody-asked", text="{}")

    with pytest.raises(ModelRejected, match="status 400"):
        a_model(loop, f"{rules_model}/v1").complete(a_request(orphan, tools=tools), 30)


class Misbehaving:
    """An endpoint that gives one fixed answer to everything."""

    def __init__(self, status: int, body: bytes, content_type: str) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                self.send_response(status)
                self.send_header("content-type", content_type)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's own name
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/json"),
        (b"not json", "application/json"),
        (b"<html>Welcome to the proxy</html>", "text/html"),
        (b"{}", "application/json"),
        (b"[]", "application/json"),
        (b"null", "application/json"),
        (b'{"choices": []}', "application/json"),
        (b'{"choices": [{}]}', "application/json"),
        (b'{"choices": "x"}', "application/json"),
        (b'{"choices": [{"message": "hello"}]}', "application/json"),
        (b'{"choices": [{"message": {"role": "assistant", "content": 7}}]}', "application/json"),
        (b'{"choices": [{"message": {"tool_calls": [{"type": "function", "id": "1"}]}}]}', "application/json"),
        (b'{"choices": [], "usage": null}', "application/json"),
    ],
)
def test_what_is_no_chat_completion_is_a_fault(loop: ClientLoop, body: bytes, content_type: str) -> None:
    with Misbehaving(200, body, content_type) as url, pytest.raises(ModelUnavailable, match="chat completion"):
        a_model(loop, url).complete(a_request(), 60)


def test_a_minimal_completion_is_read(loop: ClientLoop) -> None:
    body = json.dumps({"choices": [{"message": {"role": "assistant", "content": None}}]}).encode()

    with Misbehaving(200, body, "application/json") as url:
        reply = a_model(loop, url).complete(a_request(), 60)

    assert (reply.text, reply.tool_requests, reply.model) == (None, (), "casewright-rules-1")


def test_uncounted_tokens_are_estimated_so_that_limits_hold(loop: ClientLoop) -> None:
    body = json.dumps({"choices": [{"message": {"role": "assistant", "content": "x" * 40}}]}).encode()

    with Misbehaving(200, body, "application/json") as url:
        reply = a_model(loop, url).complete(a_request(), 60)

    assert reply.output_tokens == 10
    assert reply.input_tokens > 500
    assert reply.tokens == reply.input_tokens + reply.output_tokens


@pytest.mark.parametrize(("status", "error"), [(401, ModelRejected), (404, ModelRejected), (503, ModelUnavailable)])
def test_errors_of_an_endpoint_are_not_repeated(loop: ClientLoop, status: int, error: type[Exception]) -> None:
    body = b'{"error": {"message": "Incorrect API key provided: sk-secret"}}'

    with Misbehaving(status, body, "application/json") as url, pytest.raises(error) as raised:
        a_model(loop, url).complete(a_request(), 60)

    assert "secret" not in str(raised.value)
    assert str(status) in str(raised.value)


def test_a_provider_never_shows_its_key() -> None:
    provider = OpenAIProvider("https://api.example.test/v1", "m-1", "sk-secret")

    assert "secret" not in repr(provider) + provider.describe()


def test_azure_is_asked_by_identity_deployment_and_without_retries() -> None:
    client = open_client(AzureProvider("https://desk.openai.azure.com", "gpt-5"))

    assert client.max_retries == 0
    assert str(client.base_url) == "https://desk.openai.azure.com/openai/deployments/gpt-5/"
