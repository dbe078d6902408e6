"""Each kind of refusal and fault: its one sentence, and whether asking again or elsewhere may help."""

import socket
import struct
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from openai import APITimeoutError

from runtime.backoff import no_jitter
from tests.unit.worker.support.endpoint import Endpoint, Said, completion, failure, one_after_the_other
from worker.adapters.circuit_breaker import CircuitBreaker
from worker.adapters.client_loop import ClientLoop
from worker.adapters.failover import Deployment, FailoverModel
from worker.adapters.model_errors import fault_of, retry_after_s
from worker.adapters.openai_model import OpenAIModel
from worker.adapters.providers import AZURE_SCOPE, AzureProvider, OpenAIProvider, open_client
from worker.agents.response_schemas import RiskVerdict, answer_format
from worker.ports.model import Message, ModelRejected, ModelReply, ModelRequest, ModelUnavailable

REQUEST = ModelRequest(
    messages=(Message(role="user", text="The case."),), answer_format=answer_format("risk_verdict", RiskVerdict)
)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def ask(loop: ClientLoop, url: str) -> ModelReply:
    client = open_client(OpenAIProvider(url, "m-1"))
    loop.close_with(client.close)
    return OpenAIModel(client, "m-1", loop).complete(REQUEST, 60)


@pytest.mark.parametrize(
    ("said", "sentence", "wait_s"),
    [
        (failure(429), "The model endpoint is overloaded (status 429).", None),
        (
            failure(429, headers={"retry-after": "7"}),
            "The model endpoint is overloaded (status 429) and asks to wait 7 seconds.",
            7.0,
        ),
        (
            failure(429, headers={"retry-after-ms": "1500"}),
            "The model endpoint is overloaded (status 429) and asks to wait 1.5 seconds.",
            1.5,
        ),
        (failure(500), "The model endpoint failed with status 500.", None),
        (failure(503, headers={"retry-after": "3"}), "The model endpoint failed with status 503.", 3.0),
        (failure(408), "The model endpoint failed with status 408.", None),
        (
            failure(429, headers={"retry-after": "900"}),
            "The model endpoint is overloaded (status 429) and asks to wait 900 seconds.",
            300.0,
        ),
        (
            failure(429, headers={"retry-after": "1e300"}),
            "The model endpoint is overloaded (status 429) and asks to wait a day or longer.",
            300.0,
        ),
        (failure(529, type="overloaded_error"), "The model endpoint is overloaded (status 529).", None),
        (Said(body={"error": {"code": 503}}), "The model endpoint failed with status 503.", None),
        (Said(429, raw=b"<html>Slow down</html>"), "The model endpoint is overloaded (status 429).", None),
    ],
)
def test_what_may_pass(loop: ClientLoop, said: Said, sentence: str, wait_s: float | None) -> None:
    with Endpoint(lambda _: said) as endpoint, pytest.raises(ModelUnavailable) as raised:
        ask(loop, endpoint.url)

    assert (str(raised.value), raised.value.retry_after_s, raised.value.asked) == (sentence, wait_s, True)
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize(
    ("said", "sentence", "elsewhere"),
    [
        (failure(401), "The model endpoint refused the worker's credentials (status 401).", True),
        (failure(403), "The model endpoint refused the worker's credentials (status 403).", True),
        (failure(404), "The model endpoint knows no such model or deployment (status 404).", True),
        (failure(429, code="insufficient_quota"), "The quota of the model endpoint is used up (status 429).", True),
        (
            failure(400, code="content_filter"),
            "The content filter of the model endpoint refused the case (status 400).",
            False,
        ),
        (failure(400, code="context_length_exceeded"), "The case is too long for the model (status 400).", False),
        (failure(400), "The model endpoint refused the request with status 400.", False),
        (failure(402), "The quota of the model endpoint is used up (status 402).", True),
        (
            Said(429, raw=b'[{"error": {"code": "insufficient_quota"}}]'),
            "The quota of the model endpoint is used up (status 429).",
            True,
        ),
        (Said(413, raw=b"<html>Too large</html>"), "The case is too long for the model (status 413).", False),
        (
            Said(400, raw=b'{"detail": "The maximum context length is 8192 tokens."}'),
            "The case is too long for the model (status 400).",
            False,
        ),
        (
            Said(400, raw=b'[{"error": {"code": 400, "innererror": {"code": "ResponsibleAIPolicyViolation"}}}]'),
            "The content filter of the model endpoint refused the case (status 400).",
            False,
        ),
        (Said(400, raw=b"\xff\xfe"), "The model endpoint refused the request with status 400.", False),
        (Said(400, raw=b"[" * 100_000), "The model endpoint refused the request with status 400.", False),
    ],
)
def test_what_will_not_pass(loop: ClientLoop, said: Said, sentence: str, elsewhere: bool) -> None:
    with Endpoint(lambda _: said) as endpoint, pytest.raises(ModelRejected) as raised:
        ask(loop, endpoint.url)

    assert (str(raised.value), raised.value.elsewhere) == (sentence, elsewhere)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [("stop", "complete"), ("length", "length"), ("content_filter", "content_filter"), ("eos", "complete")],
)
def test_why_the_model_stopped_is_reported(loop: ClientLoop, reason: str, finish: str) -> None:
    with Endpoint(lambda _: completion("{}", finish=reason)) as endpoint:
        assert ask(loop, endpoint.url).finish == finish


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def half_an_answer(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{")


def not_http(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")


def nothing(connection: socket.socket) -> None:
    """Say nothing."""


@contextmanager
def cutting_a_connection(first: Callable[[socket.socket], None], scheme: str = "http") -> Generator[str]:
    """A port that accepts once, does `first`, and closes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                first(connection)

        thread = threading.Thread(target=accept)
        thread.start()
        yield f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/v1"
        thread.join()


@pytest.mark.parametrize("first", [reset, half_an_answer, not_http, nothing])
def test_a_broken_connection_is_reported(loop: ClientLoop, first: Callable[[socket.socket], None]) -> None:
    with cutting_a_connection(first) as url, pytest.raises(ModelUnavailable, match="broke the connection before"):
        ask(loop, url)


def test_an_unreachable_endpoint_is_reported(loop: ClientLoop) -> None:
    with pytest.raises(ModelUnavailable, match="could not be reached"):
        ask(loop, "http://127.0.0.1:9/v1")


@pytest.mark.parametrize("first", [reset, not_http])
def test_an_endpoint_that_speaks_no_tls_is_not_reached(
    loop: ClientLoop, first: Callable[[socket.socket], None]
) -> None:
    with cutting_a_connection(first, "https") as url, pytest.raises(ModelUnavailable, match="could not be reached"):
        ask(loop, url)


def test_a_transport_timeout_is_reported(loop: ClientLoop) -> None:
    async def wait_in_vain(url: str) -> None:
        async with open_client(OpenAIProvider(url, "m-1")) as client:
            await client.get("/", cast_to=object, options={"timeout": 0.2})

    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        with pytest.raises(APITimeoutError) as raised:
            loop.call(lambda: wait_in_vain(url))

    assert str(fault_of(raised.value, NOW)) == "The model did not answer in time."


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("0", 0.0), ("2.5", 2.5), ("-3", None), ("inf", None), ("soon", None), (format_datetime(NOW, usegmt=True), 0.0)],
)
def test_retry_after_is_read_in_every_form(value: str, seconds: float | None) -> None:
    assert retry_after_s({"retry-after": value}, NOW) == seconds
    assert retry_after_s({}, NOW) is None
    later = format_datetime(NOW + timedelta(seconds=90), usegmt=True)
    assert retry_after_s({"retry-after": later}, NOW) == 90.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "299.5"}, 299.5),
        ({"retry-after": "301"}, 300.0),
        ({"retry-after": "86400"}, 300.0),
        ({"retry-after": "1e300"}, 300.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "Mon, 99 Foo 2026"}, None),
        ({"retry-after": format_datetime(NOW + timedelta(days=9_000), usegmt=True)}, 300.0),
        ({"retry-after": format_datetime(NOW - timedelta(days=9_000), usegmt=True)}, 0.0),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 -2359"}, 300.0),
        ({"retry-after": str(int(NOW.timestamp()) + 20)}, 20.0),
        ({"retry-after": str(int(NOW.timestamp()) - 20)}, 0.0),
        ({"retry-after": str(int(NOW.timestamp()) + 9_000)}, 300.0),
        ({"retry-after": str((int(NOW.timestamp()) + 20) * 1000)}, 20.0),
        ({"retry-after-ms": "300001"}, 300.0),
        ({"retry-after-ms": "1e300"}, 300.0),
        ({"retry-after-ms": "nan", "retry-after": "7"}, 7.0),
        ({"retry-after-ms": "-1", "retry-after": "7"}, 7.0),
        ({"retry-after-ms": "1e999"}, 300.0),
        ({"retry-after-ms": ""}, None),
        ({"retry-after-ms": "1500ms"}, 1.5),
        ({"retry-after-ms": "7s"}, 7.0),
        ({"retry-after-ms": "1000, 2000"}, 2.0),
        ({"retry-after-ms": "0", "retry-after": "7"}, 0.0),
        ({"retry-after": "1e999"}, 300.0),
        ({"retry-after": "9" * 5_000}, 300.0),
        ({"retry-after": "-1e999"}, None),
        ({"retry-after": "Infinity"}, None),
        ({"retry-after": "5_0"}, None),
        ({"retry-after": "\u0665"}, None),
        ({"retry-after": "0x10"}, None),
        ({"retry-after": " 7 "}, 7.0),
        ({"retry-after": "+7"}, 7.0),
        ({"retry-after": "7."}, 7.0),
        ({"retry-after": '"7"'}, 7.0),
        ({"retry-after": "7s"}, 7.0),
        ({"retry-after": "7 seconds"}, 7.0),
        ({"retry-after": "1500ms"}, 1.5),
        ({"retry-after": "3, 7, 5"}, 7.0),
        ({"retry-after": "soon, 7"}, 7.0),
        ({"retry-after": "7,"}, 7.0),
        ({"retry-after": "5,Mon, 02 Mar 2026 12:01:30 GMT"}, 90.0),
        ({"retry-after": "Mon, 02 Mar 2026 12:00:20 GMT, Mon, 02 Mar 2026 12:01:30 GMT"}, 90.0),
        ({"retry-after": "Mon, 02 Mar 2026 12:01:30 GMT"}, 90.0),
        ({"retry-after": "Monday, 02-Mar-26 12:01:30 GMT"}, 90.0),
        ({"retry-after": "Mon Mar  2 12:01:30 2026"}, 90.0),
        ({"retry-after": "2 Mar 2026 13:01:30 +0100"}, 90.0),
        ({"retry-after": "Sunday, 06-Nov-94 08:49:37 GMT"}, 0.0),
        ({"retry-after": "Sun Nov  6 08:49:37 1994"}, 0.0),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, 300.0),
        ({"retry-after": "Mon, 02 Mar 2026 25:61:61 GMT"}, None),
        ({"retry-after": "," * 100_000}, None),
    ],
)
def test_no_pause_is_longer_than_five_minutes(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers, NOW) == seconds


@pytest.mark.parametrize("value", ["1e300", "1795820000", "500", "86400"])
def test_model_with_long_pause_is_retried_after_five_minutes(loop: ClientLoop, value: str) -> None:
    clock = [0.0]
    answers = one_after_the_other(failure(429, headers={"retry-after": value}), completion("{}"))
    with Endpoint(answers) as endpoint:
        client = open_client(OpenAIProvider(endpoint.url, "m-1"))
        loop.close_with(client.close)
        circuit = CircuitBreaker(5, 15.0, lambda: clock[0], no_jitter)
        model = FailoverModel([Deployment("m-1", OpenAIModel(client, "m-1", loop), circuit)], lambda: clock[0])
        with pytest.raises(ModelUnavailable):
            model.complete(REQUEST, 60)
        clock[0] = 300.0

        assert model.complete(REQUEST, 60).text == "{}"


@pytest.mark.parametrize("status", [200, 429])
def test_a_pause_is_read_wherever_the_error_is(loop: ClientLoop, status: int) -> None:
    said = Said(status, {"error": {"code": 429, "message": "Slow down."}}, {"retry-after": "7"})
    with Endpoint(lambda _: said) as endpoint, pytest.raises(ModelUnavailable) as raised:
        ask(loop, endpoint.url)

    assert raised.value.retry_after_s == 7.0


@pytest.mark.parametrize("values", [("3", "7"), ("7", "Sun Nov  6 08:49:37 1994"), ("soon", "7")])
def test_the_longest_of_several_pauses_counts(loop: ClientLoop, values: tuple[str, ...]) -> None:
    lines = "".join(f"retry-after: {value}\r\n" for value in values)
    said = Said(wire=f"HTTP/1.1 429 No\r\n{lines}content-length: 0\r\n\r\n".encode())
    with Endpoint(lambda _: said) as endpoint, pytest.raises(ModelUnavailable) as raised:
        ask(loop, endpoint.url)

    assert raised.value.retry_after_s == 7.0


class Identity:
    """A managed identity whose tokens are valid for a moment only."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault
        self.scopes: list[str] = []

    def get_token(self, *scopes: str, **_: object) -> AccessToken:
        self.scopes += scopes
        if self.fault is not None:
            raise self.fault
        return AccessToken(f"token-{len(self.scopes)}", int(datetime.now(UTC).timestamp()) + 1)


def ask_azure(loop: ClientLoop, endpoint: Endpoint, identity: Identity, times: int = 1) -> None:
    client = open_client(AzureProvider(endpoint.root, "gpt-5"), identity)
    loop.close_with(client.close)
    for _ in range(times):
        OpenAIModel(client, "gpt-5", loop).complete(REQUEST, 60)


def test_azure_gets_an_identity_token_renewed_before_expiry(loop: ClientLoop) -> None:
    identity = Identity()
    with Endpoint(lambda _: completion("{}")) as endpoint:
        ask_azure(loop, endpoint, identity, times=2)

    assert [asked.headers["authorization"] for asked in endpoint.asked] == ["Bearer token-1", "Bearer token-2"]
    assert {asked.path.partition("?")[0] for asked in endpoint.asked} == {"/openai/deployments/gpt-5/chat/completions"}
    assert set(identity.scopes) == {AZURE_SCOPE}


def test_an_identity_that_gives_no_token_is_named(loop: ClientLoop) -> None:
    identity = Identity(ClientAuthenticationError("secret detail"))
    with Endpoint(lambda _: completion("{}")) as endpoint, pytest.raises(ModelUnavailable) as raised:
        ask_azure(loop, endpoint, identity)

    assert str(raised.value) == "The managed identity gave no token for the model endpoint."
    assert endpoint.asked == []
