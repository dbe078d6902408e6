"""The message counter, a consumer of domain events.

It counts each `MessageSent` and `MessageNotSent` once, whatever is delivered again, and however many consumers there
are: the count and the mark that a turn was counted are written in one transaction.
"""

import asyncio
import logging
from threading import Event

from backend.executor import BlockingExecutor
from casebook.chat_api import ChatApi
from casebook.errors import CasebookUnavailable
from casebook.events_api import EventsApi
from contracts.domain_events import TYPE_PREFIX, CloudEvent, MessageNotSent, MessageSent
from runtime.backoff import Backoff, Pauses

log = logging.getLogger("casewright.consumers")

MESSAGE_COUNTER = "message-counter"
_COUNTED = frozenset(TYPE_PREFIX + told.__name__ for told in (MessageSent, MessageNotSent))
BATCH = 500
REST_S = 1.0
"""Between two looks: what is not counted yet is part of every count that is shown."""
RETRY = Backoff(first_s=0.5, longest_s=10.0)


class MessageCounter:
    """Counts what was sent."""

    def __init__(self, events: EventsApi, chat: ChatApi) -> None:
        self._events = events
        self._chat = chat

    def handle(self, event: CloudEvent) -> bool:
        """Count one event; False when it is counted already, or about something else."""
        if event.type not in _COUNTED:
            return False
        return self._chat.count_message(str(event.data["turn_id"]))

    def consume(self) -> int:
        """Handle what waits, a batch at most; how many events that was. Raises CasebookUnavailable."""
        found = self._events.events_after(self._events.cursor(MESSAGE_COUNTER), BATCH)
        for _, event in found:
            self.handle(event)
        if found:
            self._events.advance(MESSAGE_COUNTER, found[-1][0])
        return len(found)

    def run(self, stop: Event) -> None:
        """Consume until stopped. A casebook that does not answer is asked again with growing pauses."""
        pauses = Pauses(RETRY)
        while not stop.is_set():
            try:
                handled = self.consume()
            except CasebookUnavailable as error:
                if not pauses.failures:
                    log.warning("%s Messages are counted when it works.", error)
                stop.wait(pauses.next_s())
                continue
            pauses.reset()
            if handled < BATCH:
                stop.wait(REST_S)


class CounterJob:
    """The same as a job of the backend."""

    def __init__(self, counter: MessageCounter, threads: BlockingExecutor) -> None:
        self._counter = counter
        self._threads = threads

    async def run(self) -> None:
        """Consume until cancelled."""
        pauses = Pauses(RETRY)
        while True:
            try:
                handled = await self._threads.run(self._counter.consume)
            except CasebookUnavailable as error:
                if not pauses.failures:
                    log.warning("%s Messages are counted when it works.", error)
                await asyncio.sleep(pauses.next_s())
                continue
            pauses.reset()
            if handled < BATCH:
                await asyncio.sleep(REST_S)
