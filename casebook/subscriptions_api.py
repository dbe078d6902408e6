"""The facade of subscriptions, for admins."""

from collections.abc import Sequence

from casebook.commands import subscriptions
from casebook.commands.subscriptions import NewSecret
from casebook.facade import Facade
from casebook.queries import subscriptions as queries
from contracts.subscriptions import (
    CreatedSubscription,
    DeadLetterPage,
    IssuedSecret,
    NewSubscription,
    Subscription,
    SubscriptionChange,
)


class SubscriptionsApi(Facade):
    """One transaction per method, from any thread. What is changed is in the desk log, under `actor`.

    Every method about one subscription raises SubscriptionNotFound. CasebookUnavailable: the database failed, nothing
    was written.
    """

    def list_subscriptions(self) -> tuple[Subscription, ...]:
        """All of them, the oldest first."""
        with self._read() as connection:
            return queries.list_subscriptions(connection)

    def subscription(self, subscription_id: str) -> Subscription:
        """One of them."""
        with self._read() as connection:
            return queries.read_subscription(connection, queries.subscription_row(connection, subscription_id))

    def create_subscription(
        self, subscription_id: str, new: NewSubscription, secret: NewSecret, actor: str
    ) -> CreatedSubscription:
        """Make one with its first secret. Raises TooManySubscriptions, SequenceAhead."""
        with self._write() as connection:
            return subscriptions.create_subscription(connection, subscription_id, new, secret, actor, self._clock())

    def change_subscription(
        self, subscription_id: str, revision: int | None, change: SubscriptionChange, actor: str
    ) -> Subscription:
        """Change what `change` names, of the revision that was seen; None: whatever it is.

        Raises SubscriptionChanged, FieldNotNull.
        """
        with self._write() as connection:
            return subscriptions.change_subscription(
                connection, subscription_id, revision, change, actor, self._clock()
            )

    def delete_subscription(self, subscription_id: str, revision: int | None, actor: str) -> None:
        """Delete one, with what waits for it. Raises SubscriptionChanged."""
        with self._write() as connection:
            subscriptions.delete_subscription(connection, subscription_id, revision, actor, self._clock())

    def add_secret(self, subscription_id: str, secret: NewSecret, actor: str) -> IssuedSecret:
        """Sign with one more secret from now on. Raises TooManySecrets."""
        with self._write() as connection:
            return subscriptions.add_secret(connection, subscription_id, secret, actor, self._clock())

    def remove_secret(self, subscription_id: str, secret_id: str, actor: str) -> None:
        """Sign no longer with a secret. Raises SecretNotFound, LastSecret."""
        with self._write() as connection:
            subscriptions.remove_secret(connection, subscription_id, secret_id, actor, self._clock())

    def replay(self, subscription_id: str, first: int, actor: str) -> Subscription:
        """Send everything from this event on, again or for the first time. Raises SequenceAhead."""
        with self._write() as connection:
            return subscriptions.replay(connection, subscription_id, first, actor, self._clock())

    def dead_letters(self, subscription_id: str, *, limit: int = 50, cursor: str | None = None) -> DeadLetterPage:
        """One page of at most 500 of what was given up, the oldest event first. Raises MalformedCursor."""
        with self._read() as connection:
            return queries.list_dead_letters(connection, subscription_id, limit, cursor)

    def resend(self, subscription_id: str, numbers: Sequence[int] | None, actor: str) -> Subscription:
        """Try dead letters again; None: all. Raises DeadLetterNotFound."""
        with self._write() as connection:
            return subscriptions.resend(connection, subscription_id, numbers, actor, self._clock())

    def drop_dead_letter(self, subscription_id: str, number: int, actor: str) -> None:
        """Forget a dead letter. Raises DeadLetterNotFound."""
        with self._write() as connection:
            subscriptions.drop_dead_letter(connection, subscription_id, number, actor, self._clock())
