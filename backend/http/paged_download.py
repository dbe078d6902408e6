"""A file that is sent page by page: what it holds is read while it is sent, and whoever takes it too slowly is left."""

import logging
from collections.abc import AsyncGenerator, Callable

import anyio
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

log = logging.getLogger("casewright.backend")

STALL_S = 60.0
"""How long a client may take nothing before its download is ended."""


class PagedDownload(StreamingResponse):
    """Sends pages, and calls `ended` once, however the download ends: whole, broken off, or too slow.

    A download that is not sent whole ends without the mark that ends a body, so that no client takes it for whole.
    """

    def __init__(
        self,
        pages: AsyncGenerator[bytes],
        name: str,
        media_type: str,
        ended: Callable[[], object],
        stall_s: float = STALL_S,
    ) -> None:
        # A name of our own making: plain ASCII without quotes.
        disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
        super().__init__(pages, media_type=media_type, headers=disposition)
        self._pages = pages
        self._name = name
        self._ended = ended
        self._stall_s = stall_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await self._pages.aclose()
            self._ended()

    async def stream_response(self, send: Send) -> None:
        """Send page after page for as long as they are taken."""

        async def send_soon(message: Message) -> None:
            with anyio.fail_after(self._stall_s):
                await send(message)

        try:
            await super().stream_response(send_soon)
        except TimeoutError:
            log.warning("%s is sent no further: nothing of it was taken for %g s", self._name, self._stall_s)
