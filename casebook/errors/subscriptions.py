"""Subscriptions that are refused."""

from collections.abc import Sequence

from casebook.errors.base import CasebookError


class SubscriptionNotFound(CasebookError):
    """No subscription has this id."""

    id = "subscription-not-found"
    status = 404

    def __init__(self, subscription_id: str) -> None:
        super().__init__(f"There is no subscription '{subscription_id}'.")


class SubscriptionChanged(CasebookError):
    """The subscription is no longer as whoever changes it has seen it."""

    id = "subscription-changed"
    status = 412

    def __init__(self, subscription_id: str, revision: int) -> None:
        super().__init__(
            f"Subscription '{subscription_id}' was changed since you read it and has revision {revision} now: "
            "read it again."
        )


class TooManySubscriptions(CasebookError):
    """There are as many subscriptions as there may be."""

    id = "too-many-subscriptions"
    status = 409

    def __init__(self, most: int) -> None:
        super().__init__(f"There are {most} subscriptions, and there may be no more: delete one that is not used.")


class TooManySecrets(CasebookError):
    """The subscription has as many secrets as it may have."""

    id = "too-many-secrets"
    status = 409

    def __init__(self, most: int) -> None:
        super().__init__(f"A subscription has at most {most} secrets: remove an old one first.")


class SecretNotFound(CasebookError):
    """The subscription has no secret of this id."""

    id = "secret-not-found"
    status = 404

    def __init__(self, secret_id: str) -> None:
        super().__init__(f"This subscription has no secret '{secret_id}'.")


class LastSecret(CasebookError):
    """Without a secret nothing could be signed."""

    id = "last-secret"
    status = 409

    def __init__(self) -> None:
        super().__init__("This is the only secret of the subscription: add another one before you remove it.")


class DeadLetterNotFound(CasebookError):
    """The subscription has no dead letter of this number."""

    id = "dead-letter-not-found"
    status = 404

    def __init__(self, number: int) -> None:
        super().__init__(f"This subscription has no dead letter of event {number}.")


class SequenceAhead(CasebookError):
    """The deliveries have not come so far yet."""

    id = "sequence-ahead"
    status = 422

    def __init__(self, field: str, latest: int) -> None:
        sentence = f"Events from number {latest} on are still to come here: give {latest} or a smaller number."
        super().__init__(sentence)
        self.fields: Sequence[tuple[str, str]] = ((field, sentence),)


class FieldNotNull(CasebookError):
    """A subscription always has one."""

    id = "field-not-null"
    status = 422

    def __init__(self, field: str) -> None:
        sentence = f"A subscription always has a {field}: give another one, or leave the field out."
        super().__init__(sentence)
        self.fields: Sequence[tuple[str, str]] = ((field, sentence),)
