"""Events to webhooks: signed as Standard Webhooks say, in the JSON form of CloudEvents.

Sources: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md,
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md#32-structured-content-mode
"""

import asyncio
import hmac
import re
import ssl
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from secrets import token_bytes
from typing import NoReturn

import httpcore
import httpx

from backend.delivery.addresses import AddressGuard, AddressRefused, GuardedBackend, Networks, Resolver, resolve
from backend.services.errors import WebhookUrlRefused
from contracts.domain_events import CloudEvent
from contracts.subscriptions import MAX_URL

PREFIX = "whsec_"
SECRET_BYTES = 32
CONNECT_TIMEOUT_S = 5.0
"""Looking up the host, connecting, and agreeing on keys: each at most this long."""
TIMEOUT_S = 15.0
"""A whole request, until the status of the answer is there."""
MAX_ANSWER_BYTES = 64 * 1024
"""As much of an answer's body is taken from the network, and thrown away."""
LEFTOVER_S = 1.0
"""As long the body is waited for: its receiver need not see a broken connection; nobody needs the body."""
MAX_RETRY_AFTER_S = 24 * 60 * 60.0
_USER_AGENT = "Casewright-Webhooks"
_NO_TLS = "The receiver does not speak TLS as it should."
_PORTS = {"https": 443, "http": 80}
_HOST = re.compile(r"[0-9a-z._-]+|[0-9a-f.:]+")
"""A name, or an address. What else could stand there is read differently from one library to the next."""
_NO_URL = "That is no URL: write it like https://example.com/events."
_SAYS_NOTHING_OF_THE_EVENT = frozenset({401, 403, 404, 405, 429, 502, 503, 504})


@dataclass(frozen=True)
class Answer:
    """The result of a delivery."""

    fault: str | None
    """None: it arrived. Otherwise one sentence for an admin, in which nothing stands that the receiver wrote."""
    retry_after_s: float | None = None
    """How long the receiver wants to be left alone, in seconds; at most a day."""
    gone: bool = False
    """The receiver wants no more events."""
    unreachable: bool = False
    """It says nothing about this event: another one would fare no better now."""


def new_secret() -> str:
    """A secret to sign with, in the form that receivers configure."""
    return PREFIX + b64encode(token_bytes(SECRET_BYTES)).decode()


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The signature `v1,…` of a message. Raises ValueError when the secret is none of `new_secret`'s form."""
    key = b64decode(secret.removeprefix(PREFIX), validate=True)
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    return "v1," + b64encode(hmac.digest(key, signed, "sha256")).decode()


@dataclass(frozen=True)
class _Target:
    url: httpcore.URL
    host: str
    port: int
    host_header: str
    encrypted: bool


class WebhookSender:
    """Posts events. Each delivery has a connection of its own.

    What a receiver sends beyond its answer could be taken for the answer to the next event otherwise.
    """

    def __init__(
        self,
        allowed: Networks,
        *,
        resolver: Resolver = resolve,
        certificates: ssl.SSLContext | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """`certificates`: whose are believed; None: those of CA_FILE, or of the authorities of Mozilla's list."""
        self._guard = AddressGuard(allowed, resolver)
        self._certificates = certificates or httpx.create_ssl_context()
        self._clock = clock
        self._timeout_s = timeout_s

    async def check(self, url: str) -> None:
        """Return if events may be posted to the URL. Raises WebhookUrlRefused, which says why not."""
        target = _target(url)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._guard.addresses_of(target.host, target.port, encrypted=target.encrypted)
        except AddressRefused as refusal:
            raise WebhookUrlRefused(str(refusal)) from None
        except TimeoutError:
            raise WebhookUrlRefused(
                f"Nobody said in {CONNECT_TIMEOUT_S:g} seconds which address the host '{target.host}' has: try again."
            ) from None

    async def send(self, url: str, secrets: Sequence[str], event: CloudEvent) -> Answer:
        """Post an event, signed with each of the secrets. Never raises for what the receiver or the network does."""
        try:
            return await self._post(_target(url), secrets, event)
        except (WebhookUrlRefused, AddressRefused) as refusal:
            fault = str(refusal)
        except httpcore.ConnectTimeout:
            fault = f"No connection came about within {CONNECT_TIMEOUT_S:g} seconds."
        except TimeoutError:
            fault = f"The receiver did not answer within {self._timeout_s:g} seconds."
        except httpcore.ConnectError as error:
            fault = _connect_fault(error)
        except ssl.SSLError:
            fault = _NO_TLS
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError):
            fault = "The receiver broke the connection, or answered something that is not HTTP."
        return Answer(fault=fault, unreachable=True)

    async def close(self) -> None:
        """Nothing is open between deliveries."""

    async def _post(self, target: _Target, secrets: Sequence[str], event: CloudEvent) -> Answer:
        body = event.model_dump_json().encode()
        timestamp = int(self._clock().timestamp())
        headers: dict[bytes | str, bytes | str] = {
            "Host": target.host_header,
            "Content-Type": "application/cloudevents+json",
            "Content-Length": str(len(body)),
            "Accept-Encoding": "identity",
            "User-Agent": _USER_AGENT,
            "Connection": "close",
            "webhook-id": event.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": " ".join(signature(secret, event.id, timestamp, body) for secret in secrets),
        }
        connection = httpcore.AsyncHTTPConnection(
            origin=target.url.origin,
            ssl_context=self._certificates,
            network_backend=GuardedBackend(self._guard, encrypted=target.encrypted),
        )
        limits = {"timeout": {"connect": CONNECT_TIMEOUT_S}}
        async with (
            asyncio.timeout(self._timeout_s) as time_limit,
            connection,
            connection.stream("POST", target.url, headers=headers, content=body, extensions=limits) as response,
        ):
            time_limit.reschedule(None)
            answer = self._read(response)
            await _take_leftover(response)
            return answer

    def _read(self, response: httpcore.Response) -> Answer:
        status = response.status
        if 200 <= status < 300:
            return Answer(fault=None)
        redirect = " A redirect is not followed: give the URL that it leads to." if 300 <= status < 400 else ""
        return Answer(
            fault=f"The receiver answered {_named(status)}.{redirect}",
            retry_after_s=self._retry_after(response.headers),
            gone=status == HTTPStatus.GONE,
            unreachable=300 <= status < 400 or status in _SAYS_NOTHING_OF_THE_EVENT,
        )

    def _retry_after(self, headers: Sequence[tuple[bytes, bytes]]) -> float | None:
        text = next((value.decode("latin-1") for name, value in headers if name.lower() == b"retry-after"), "").strip()
        if text.isascii() and text.isdigit():
            return min(float(text), MAX_RETRY_AFTER_S)
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return min(max((moment - self._clock()).total_seconds(), 0.0), MAX_RETRY_AFTER_S)


async def _take_leftover(response: httpcore.Response) -> None:
    """Take what the receiver still wants to say, within limits. The status has said everything."""
    taken = 0
    try:
        async with asyncio.timeout(LEFTOVER_S):
            async for part in response.aiter_stream():
                taken += len(part)
                if taken >= MAX_ANSWER_BYTES:
                    return
    except (OSError, httpcore.NetworkError, httpcore.ProtocolError):
        return


def _target(url: str) -> _Target:
    """The parts of the URL. Raises WebhookUrlRefused."""
    if len(url) > MAX_URL:
        _refuse(f"The URL has more than {MAX_URL} characters: give a shorter one.")
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.lower() not in _PORTS or not url.isprintable() or " " in url:
        named_otherwise = separator and scheme.isalnum() and scheme.lower() not in _PORTS
        _refuse(
            "Only https is spoken to a webhook: give a URL that begins with https://." if named_otherwise else _NO_URL
        )
    authority = rest[: min((at for at in map(rest.find, "/?#") if at >= 0), default=len(rest))]
    if "@" in authority:
        _refuse("The URL holds a user or a password: leave them out, the signature shows where an event comes from.")
    if "#" in url:
        _refuse("The URL holds a fragment, which is sent to nobody: leave out what begins with '#'.")
    return _parsed(url, scheme.lower())


def _parsed(url: str, scheme: str) -> _Target:
    try:
        parsed = httpx.URL(url)
        host = parsed.raw_host.decode("ascii")
        port = parsed.port if parsed.port is not None else _PORTS[scheme]
    except (httpx.InvalidURL, ValueError) as error:
        port_is_none = str(error).startswith("Invalid port")
        return _refuse("The port of the URL is none: ports are 1 to 65535." if port_is_none else _NO_URL)
    if not 1 <= port <= 65535:
        _refuse("The port of the URL is none: ports are 1 to 65535.")
    if not host:
        _refuse("The URL names no host: write it like https://example.com/events.")
    if not _HOST.fullmatch(host):
        _refuse(_NO_URL)
    return _Target(
        url=httpcore.URL(scheme=scheme.encode(), host=host.encode(), port=parsed.port, target=parsed.raw_path),
        host=host,
        port=port,
        host_header=parsed.netloc.decode("ascii"),
        encrypted=scheme == "https",
    )


def _refuse(sentence: str) -> NoReturn:
    raise WebhookUrlRefused(sentence)


def _named(status: int) -> str:
    try:
        return f"{status} ({HTTPStatus(status).phrase})"
    except ValueError:
        return str(status)


def _connect_fault(error: BaseException) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"The receiver's certificate is not accepted: {cause.verify_message.rstrip('.')}."
        if isinstance(cause, ssl.SSLError):
            return _NO_TLS
        cause = cause.__cause__ or cause.__context__
    return "Nothing answers at the address of the receiver."
