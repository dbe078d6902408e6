"""The server-sent events of one watcher of the event stream."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Protocol

from sse_starlette.event import ServerSentEvent

from backend.live.broadcast import Broadcast
from backend.live.change_feed import ChangeFeed, LogMessage
from backend.live.framing import framed
from backend.live.messages import Topic, TurnMessage
from backend.live.service_status import ServiceMonitor
from backend.live.session_watch import SessionWatch
from backend.live.telemetry_sampler import TelemetrySampler
from backend.waiting import wait_for
from casebook.queries.chat import TurnChange


class TurnStates(Protocol):
    """The newest states of turns."""

    @property
    def number(self) -> int:
        """How many there were."""
        ...

    def after(self, number: int) -> Sequence[TurnChange]:
        """Those after this one, in order; the oldest may be gone."""
        ...

    def watching(self) -> AbstractAsyncContextManager[None]:
        """While inside, there are newer ones."""
        ...


LONGEST_WAIT_S = 60.0
RETRY_MS = 1_000
CHUNK_BYTES = 64 * 1024
"""Sent at once, about: a client that takes less within the time-out of a message is let go."""


class EventStream:
    """Joins the case feed and the telemetry sampler into one stream per watcher."""

    def __init__(
        self,
        feed: ChangeFeed,
        sampler: TelemetrySampler,
        broadcast: Broadcast,
        monitor: ServiceMonitor | None = None,
        turns: TurnStates | None = None,
        sessions: SessionWatch | None = None,
    ) -> None:
        self._feed = feed
        self._sampler = sampler
        self._broadcast = broadcast
        self._monitor = monitor
        self._turns = turns
        self._sessions = sessions

    async def follow(
        self, topics: frozenset[Topic], last_event_id: int | None, session_id: str | None = None
    ) -> AsyncGenerator[bytes]:
        """Server-sent events of these topics, framed, until the session is over or the process shuts down.

        After `last_event_id` every alert and case event comes once and in order; without it the stream starts now.
        Telemetry is a sample: what a watcher was too slow for is only in the totals. Of turns the newest states come.
        """
        turns = self._turns if "chat" in topics else None
        async with AsyncExitStack() as entered:
            entered.enter_context(self._broadcast.watching())
            if self._sessions is not None and session_id is not None:
                entered.enter_context(self._sessions.watching(session_id))
            if turns is not None:
                await entered.enter_async_context(turns.watching())
            seen = await self._feed.resume_after(last_event_id)
            batch = self._sampler.number
            told = 0 if turns is None else turns.number
            service = 0 if self._monitor is None else self._monitor.number
            yield ServerSentEvent(comment=f"following after {seen}", retry=RETRY_MS, sep="\n").encode()
            while not self._is_over(session_id):
                change = self._broadcast.next_change()
                while messages := await self._feed.read_after(seen):
                    seen = messages[-1].seq
                    for chunk in _chunks(messages, topics):
                        yield chunk
                if "telemetry" in topics and self._sampler.number != batch and self._sampler.latest_json is not None:
                    batch = self._sampler.number
                    yield framed("telemetry", self._sampler.latest_json)
                if turns is not None and turns.number != told:
                    for message in turns.after(told):
                        yield framed("chat", _turn_json(message))
                    told = turns.number
                if self._monitor is not None and self._monitor.number != service:
                    service = self._monitor.number
                    yield framed("service", self._monitor.status.model_dump_json())
                await wait_for(change, LONGEST_WAIT_S)

    def _is_over(self, session_id: str | None) -> bool:
        if self._sessions is not None and session_id is not None and self._sessions.is_over(session_id):
            return True
        return self._broadcast.stopped


def _chunks(messages: Sequence[LogMessage], topics: frozenset[Topic]) -> Iterator[bytes]:
    """What one of these topics has of the messages, in as few pieces as a slow client takes within its time."""
    chunk = bytearray()
    for message in messages:
        if message.alert_event is not None and "alerts" in topics:
            chunk += message.alert_event
        elif "cases" in topics:
            chunk += message.case_event
        if len(chunk) >= CHUNK_BYTES:
            yield bytes(chunk)
            chunk.clear()
    if chunk:
        yield bytes(chunk)


def _turn_json(change: TurnChange) -> str:
    return TurnMessage(turn_id=change.turn_id, user_id=change.user_id, state=change.state).model_dump_json()
