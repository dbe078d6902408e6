"""Frames server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation"""

from sse_starlette.event import ServerSentEvent


def framed(name: str, data: str, seq: int | None = None) -> bytes:
    """An event of this name as it is sent; `seq` is the id after which a client goes on."""
    return ServerSentEvent(data, event=name, id=None if seq is None else str(seq), sep="\n").encode()
