"""The facade of the outbox of domain events: read by who delivers or consumes them."""

from datetime import timedelta

from casebook.commands import consumers, deliveries
from casebook.commands.deliveries import DeliveryResult
from casebook.commands.identity import identity_of
from casebook.facade import Facade
from casebook.queries.consumers import ConsumerState, consumer_states
from casebook.queries.deliveries import DeliveryBatch, subscriptions_with_work
from casebook.queries.domain_events import cursor_of, events_after, is_behind
from contracts.domain_events import CloudEvent


class EventsApi(Facade):
    """One transaction per method, from any thread. Every method raises CasebookUnavailable.

    A consumer that must have its events in order has one process at a time that delivers to it, under a lease; `owner`
    names the process.
    """

    def is_behind(self, consumer: str) -> bool:
        """Whether there are events that a consumer has not handled."""
        with self._read() as connection:
            return is_behind(connection, consumer)

    def events_after(self, number: int, limit: int = 500) -> list[tuple[int, CloudEvent]]:
        """The events after this number, in order, each with its number."""
        with self._read() as connection:
            return events_after(connection, f"urn:casewright:{identity_of(connection)}", number, limit)

    def cursor(self, consumer: str) -> int:
        """The number up to which a consumer has handled all events."""
        with self._read() as connection:
            return cursor_of(connection, consumer)

    def consumer_states(self) -> list[ConsumerState]:
        """How each consumer is doing."""
        with self._read() as connection:
            return consumer_states(connection)

    # Consumers with a lease

    def take_lease(self, consumer: str, owner: str, lease: timedelta) -> bool:
        """Whether only `owner` delivers to this consumer from now on, for the time of the lease."""
        now = self._clock()
        with self._write_apart() as connection:
            return consumers.take_lease(connection, consumer, owner, now, now + lease)

    def advance_leased(self, consumer: str, owner: str, number: int) -> bool:
        """A consumer has handled all events up to this number. False, and nothing changes: the lease is another's."""
        with self._write_apart() as connection:
            return consumers.advance_leased(connection, consumer, owner, number)

    def release_lease(self, consumer: str, owner: str) -> None:
        """Let another process deliver to this consumer."""
        with self._write_apart() as connection:
            consumers.release_lease(connection, consumer, owner)

    # Subscriptions

    def subscriptions_with_work(self, owner: str) -> list[str]:
        """Subscriptions to which something is to be sent, and to which no other process delivers."""
        with self._read() as connection:
            return subscriptions_with_work(connection, owner, self._clock())

    def take_batch(self, subscription_id: str, owner: str, lease: timedelta) -> DeliveryBatch | None:
        """What is to be sent now, by `owner` only for the time of the lease. None: nothing, or by another process.

        Raises SubscriptionNotFound.
        """
        with self._write_apart() as connection:
            return deliveries.take_batch(connection, subscription_id, owner, self._clock(), lease)

    def record_batch(self, batch: DeliveryBatch, result: DeliveryResult, owner: str) -> bool:
        """Put the result of a batch on record. False, and nothing is: `owner` does not deliver to it any more."""
        with self._write_apart() as connection:
            return deliveries.record_batch(connection, batch, result, owner, self._clock())
