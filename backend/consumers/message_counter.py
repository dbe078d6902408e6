"""The message counter, a consumer of domain events.

It counts each `MessageSent` and `MessageNotSent` once, whatever is delivered again, and however many consumers there
are: the count and the mark that a turn was counted are written in one transaction.
"""

from casebook.chat_api import ChatApi
from casebook.events_api import EventsApi
from contracts.domain_events import TYPE_PREFIX, CloudEvent, MessageNotSent, MessageSent

MESSAGE_COUNTER = "message-counter"
_COUNTED = frozenset(TYPE_PREFIX + told.__name__ for told in (MessageNotSent, MessageSent))
BATCH = 500


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
