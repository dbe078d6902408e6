"""Requests to the provider: bounded in bytes and in time, without redirects."""

from collections.abc import AsyncIterator

import httpx2

MAX_BYTES = 512 * 1024
"""Of one answer. The keys of a large provider take 20 kB."""
TIMEOUT_S = 10.0
"""Of one request, from the first byte sent to the last one read."""


class BoundedTransport(httpx2.AsyncBaseTransport):
    """Breaks off an answer that is larger than `MAX_BYTES`, and takes none that is compressed: it could be anything."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send it. Raises httpx2.HTTPError, of an answer without end while it is read."""
        request.headers["accept-encoding"] = "identity"
        response = await self._inner.handle_async_request(request)
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise httpx2.RemoteProtocolError("It is compressed, which was not asked for.", request=request)
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _BoundedStream(response.stream)
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


class _BoundedStream(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        taken = 0
        async for part in self._inner:
            taken += len(part)
            if taken > MAX_BYTES:
                raise httpx2.RemoteProtocolError(f"It is larger than {MAX_BYTES:,} bytes.")
            yield part

    async def aclose(self) -> None:
        await self._inner.aclose()
