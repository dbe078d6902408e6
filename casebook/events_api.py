"""The facade of the outbox of domain events: read by who delivers or consumes them."""

from casebook.commands import consumers
from casebook.commands.identity import identity_of
from casebook.facade import Facade
from casebook.queries.domain_events import cursor_of, events_after
from contracts.domain_events import CloudEvent


class EventsApi(Facade):
    """One transaction per method, from any thread. Every method raises CasebookUnavailable."""

    def events_after(self, number: int, limit: int = 500) -> list[tuple[int, CloudEvent]]:
        """The events after this number, in order, each with its number."""
        with self._read() as connection:
            return events_after(connection, f"urn:casewright:{identity_of(connection)}", number, limit)

    def cursor(self, consumer: str) -> int:
        """The number up to which a consumer has handled all events."""
        with self._read() as connection:
            return cursor_of(connection, consumer)

    def advance(self, consumer: str, number: int) -> None:
        """A consumer has handled all events up to this number."""
        with self._write_apart() as connection:
            consumers.advance(connection, consumer, number)
