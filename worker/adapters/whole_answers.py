"""The HTTP client of models: reads an answer completely, within limits, and says what is missing.

A partial answer was paid for, so when a connection breaks within an answer, the received part is kept instead of
treating the request as failed.
"""

from dataclasses import dataclass
from typing import Any, Literal

import anyio
import httpx2
from openai import DefaultAioHttpClient

MAX_ANSWER_BYTES = 8 * 1_048_576
"""Of one answer, before and after its Content-Encoding is undone: forty times what a model writes."""
TO_TELL_S = 0.05
"""How long before a call's timeout the received part of its answer is used."""
MOST_REDIRECTS = 5
MOST_ENCODINGS = 4

_MISSING = "casewright.missing"
_OF_TRANSPORT = frozenset({"content-encoding", "content-length", "transfer-encoding"})
_GZIP_MARK = b"\x1f\x8b"
_FOLLOWED = frozenset({307, 308})
_TEXT_BEGINS = (b"{", b"[", b"data:", b"event:", b"id:", b"retry:", b":", b"<")


@dataclass(frozen=True)
class Missing:
    """Why what is there of an answer is not all of it."""

    why: Literal["broken", "late", "damaged", "too_long"]
    error: Exception | None = None
    received: int = 0
    """Received bytes of an answer that cannot be read."""


def missing_of(response: httpx2.Response) -> Missing | None:
    """What is missing of an answer that a `WholeAnswersClient` received."""
    return response.extensions.get(_MISSING)


class WholeAnswersClient(DefaultAioHttpClient):
    """Follows redirects to the same place only: elsewhere, nobody agreed to show a case. A stream is left as it is."""

    async def send(
        self,
        request: httpx2.Request,
        *,
        stream: bool = False,
        auth: Any = httpx2.USE_CLIENT_DEFAULT,
        follow_redirects: Any = httpx2.USE_CLIENT_DEFAULT,
    ) -> httpx2.Response:
        """As the library's own; raises its TransportError when there is nothing of an answer."""
        if stream:
            return await super().send(request, stream=True, auth=auth, follow_redirects=follow_redirects)
        redirects = 0
        while True:
            response = await self._sent(request, auth)
            try:
                if response.next_request is None or redirects == MOST_REDIRECTS or not _is_followed(response):
                    return await _whole(response)
                request, redirects = response.next_request, redirects + 1
            finally:
                await _close(response)

    async def _sent(self, request: httpx2.Request, auth: Any) -> httpx2.Response:
        try:
            return await super().send(request, stream=True, auth=auth, follow_redirects=False)
        except httpx2.HTTPError:
            raise
        except Exception as error:
            # Some exceptions of the transport are no errors of the library that it replaces.
            raise httpx2.ReadError(type(error).__name__, request=request) from error


def _is_followed(response: httpx2.Response) -> bool:
    """Other redirects turn the question into one without a body."""
    here, there = response.request.url, response.request.url.join(response.headers["location"])
    same_place = here.host == there.host and (here.scheme, here.port) == (there.scheme, there.port)
    return response.status_code in _FOLLOWED and same_place


async def _whole(response: httpx2.Response) -> httpx2.Response:
    raw, missing = await _raw(response)
    if missing is not None and missing.error is not None and not raw.strip() and response.is_success:
        raise missing.error
    body, damaged = _decoded(response.headers, raw)
    # What is cut off cannot be undone to its end, which is not another fault.
    missing = missing or damaged
    headers = [(name, value) for name, value in response.headers.multi_items() if name not in _OF_TRANSPORT]
    return httpx2.Response(
        response.status_code,
        headers=headers,
        content=body,
        request=response.request,
        extensions={**response.extensions, **({_MISSING: missing} if missing is not None else {})},
    )


async def _raw(response: httpx2.Response) -> tuple[bytes, Missing | None]:
    """The bytes as they came."""
    body = bytearray()
    with anyio.CancelScope(deadline=anyio.current_effective_deadline() - TO_TELL_S):
        try:
            async for part in response.aiter_raw():
                body += part
                if len(body) > MAX_ANSWER_BYTES:
                    return bytes(body[:MAX_ANSWER_BYTES]), Missing("too_long")
        except httpx2.TimeoutException as error:
            return bytes(body), Missing("late", error)
        except Exception as error:
            broken = httpx2.ReadError(type(error).__name__, request=response.request)
            broken.__cause__ = error
            return bytes(body), Missing("broken", broken)
        return bytes(body), None
    return bytes(body), Missing("late", httpx2.ReadTimeout("", request=response.request))


def _decoded(headers: httpx2.Headers, raw: bytes) -> tuple[bytes, Missing | None]:
    """The body without its Content-Encoding. One that was only announced is none; one that is damaged ends the body."""
    # The marks of gzip say it more reliably than whoever announces another encoding, or none.
    encodings = headers.get("content-encoding", "").lower().replace("x-gzip", "gzip")
    if raw.startswith(_GZIP_MARK) and "gzip" not in encodings:
        encodings = "gzip"
    if not encodings or not raw:
        return raw, None
    is_text = raw.lstrip().startswith(_TEXT_BEGINS)
    damaged = Missing("damaged", received=len(raw))
    if encodings.count(",") >= MOST_ENCODINGS:
        return b"", damaged
    encoded = httpx2.Response(200, headers={"content-encoding": encodings}, stream=httpx2.ByteStream(raw))
    body = bytearray()
    try:
        for part in encoded.iter_bytes():
            body += part
            if len(body) > MAX_ANSWER_BYTES:
                return bytes(body[:MAX_ANSWER_BYTES]), Missing("too_long")
    except httpx2.DecodingError:
        return (raw, None) if is_text and not body.strip() else (bytes(body), damaged)
    # An encoding that is not known leaves the body as it is.
    is_undone = is_text or bytes(body) != raw
    return bytes(body), None if is_undone else damaged


async def _close(response: httpx2.Response) -> None:
    with anyio.CancelScope(shield=True, deadline=anyio.current_time() + 1.0):
        try:
            await response.aclose()
        except Exception:
            return
