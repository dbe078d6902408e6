"""`/api/workflow/ws/{instance_id}`: a WebSocket that pushes the changes of one case."""

from contextlib import suppress
from typing import TypeAlias

import anyio
from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from backend.api.dependencies import Services, ServicesDep, SessionDep
from backend.live.messages import CaseStatusMessage
from backend.waiting import wait_for
from casebook.errors import CaseNotFound, CasePurged

router = APIRouter()

UNKNOWN_CASE = 4404
CASE_CLOSED = 1000
NOT_TEXT = 1003
RESTARTING = 1012
TOO_SLOW = 1008
SESSION_ENDED = 4401
SEND_TIMEOUT_S = 20.0
MAX_REASON_BYTES = 123
"""What a close frame has room for; a longer reason would break the connection instead of closing it."""

Ending: TypeAlias = tuple[int, str]
"""Code and reason of a close."""


@router.websocket("/api/workflow/ws/{instance_id}")
async def watch_case(socket: WebSocket, instance_id: str, services: ServicesDep, session: SessionDep) -> None:
    """The state of the case, and again after each change, until it is closed or the session ends.

    What the client says is not read, as long as it is text. Raises TooManyStreams before the handshake.
    """
    # A client may leave at any moment, also during the handshake: that is no error.
    with suppress(WebSocketDisconnect, OSError), services.open_streams.one(session.session_id):
        await socket.accept()
        ending = await _watch(socket, instance_id, services, session.session_id)
        if ending is not None:
            code, reason = ending
            await socket.close(code, _short(reason))


async def _watch(socket: WebSocket, case_id: str, services: Services, session_id: str) -> Ending | None:
    """How the socket is to be closed; None when the client has gone."""
    ending: Ending | None = None
    async with anyio.create_task_group() as group:

        async def listen() -> None:
            nonlocal ending
            ending = await _listen(socket)
            group.cancel_scope.cancel()

        async def push() -> None:
            nonlocal ending
            # Of its going the listener hears as well.
            with suppress(WebSocketDisconnect), services.session_watch.watching(session_id):
                ending = await _push_until_closed(socket, case_id, services, session_id)
            group.cancel_scope.cancel()

        group.start_soon(listen)
        group.start_soon(push)
    return ending


async def _listen(socket: WebSocket) -> Ending | None:
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return None
        if message.get("bytes") is not None:
            return NOT_TEXT, "send text, or nothing"


async def _push_until_closed(socket: WebSocket, case_id: str, services: Services, session_id: str) -> Ending:
    with services.broadcast.watching():
        try:
            seen = await services.change_feed.resume_after(None)
            status = await services.change_feed.status_of(case_id, seen)
        except CaseNotFound as error:
            # A close frame takes no more than 123 bytes.
            purged = isinstance(error, CasePurged)
            return UNKNOWN_CASE, "this case was purged" if purged else str(error)
        if not await _send(socket, status.model_copy(update={"type": "snapshot"})):
            return TOO_SLOW, "too slow"
        while status.case.state != "closed":
            change = services.broadcast.next_change()
            if services.broadcast.stopped:
                return RESTARTING, "the server is stopping"
            if services.session_watch.is_over(session_id):
                return SESSION_ENDED, "the session ended: sign in again"
            changed = False
            while messages := await services.change_feed.read_after(seen):
                seen = messages[-1].seq
                changed = changed or any(message.case_id == case_id for message in messages)
            if not changed:
                await wait_for(change, 60.0)
                continue
            newer = await services.change_feed.status_of(case_id, seen)
            if newer.seq > status.seq:
                status = newer
                if not await _send(socket, status):
                    return TOO_SLOW, "too slow"
    return CASE_CLOSED, "the case is closed"


async def _send(socket: WebSocket, message: CaseStatusMessage) -> bool:
    with anyio.move_on_after(SEND_TIMEOUT_S) as overdue:
        await socket.send_text(message.model_dump_json())
    return not overdue.cancelled_caught


def _short(reason: str) -> str:
    return reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
