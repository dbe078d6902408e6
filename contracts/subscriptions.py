"""Subscriptions: who is sent the domain events, by webhook."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, NonNegativeInt, PositiveInt

from contracts.base import Contract, UtcDateTime
from contracts.domain_events import EventName

SubscriptionId = Annotated[str, Field(pattern=r"^sub-[0-9a-f]{32}$")]
SecretId = Annotated[str, Field(pattern=r"^sec-[0-9a-f]{32}$")]
MAX_URL = 2_000
MAX_SECRETS = 5
"""How many secrets a subscription signs with at a time."""
MAX_SUBSCRIPTIONS = 100
EventSequence = Annotated[int, Field(ge=1, le=2**62)]
"""The number of an event; databases hold none that is larger."""

WebhookUrl = Annotated[str, Field(min_length=1, max_length=MAX_URL)]
"""Where events are posted to; whether it may be is checked where one is taken."""
Description = Annotated[str, Field(max_length=200)]
EventNames: TypeAlias = Annotated[tuple[EventName, ...], Field(min_length=1)] | None
"""The events that are sent; null: all, also those of later releases."""

SubscriptionState = Literal["active", "paused"]
PausedBecause = Literal["person", "gone"]
"""Why nothing is sent: an admin paused it, or the receiver answered 410 Gone."""


class NewSubscription(Contract):
    """A subscription that is to be made."""

    url: WebhookUrl
    description: Description = ""
    events: EventNames = None
    from_sequence: EventSequence | None = None
    """The number of the first event that is sent; null: the first one that happens from now on."""


class SubscriptionChange(Contract):
    """What becomes different; what is left out stays as it is."""

    url: WebhookUrl | None = None
    description: Description | None = None
    events: EventNames = None
    state: SubscriptionState | None = None


class SubscriptionSecret(Contract):
    """A secret by which events are signed, without the secret itself."""

    secret_id: SecretId
    created_at: UtcDateTime


class Progress(Contract):
    """How far the deliveries of a subscription have come."""

    handled: NonNegativeInt
    """The number of the last event that was delivered, is waiting, or concerns this subscription not."""
    newest: NonNegativeInt
    """The number of the newest event."""
    waiting: NonNegativeInt
    """Deliveries that failed and are tried again, and those that wait behind them."""
    dead_letters: NonNegativeInt
    """Deliveries that were given up."""
    retry_at: UtcDateTime | None
    """When the next of those that wait is tried."""
    last_fault: str | None
    """Why the last delivery failed; null when it worked."""
    delivered_at: UtcDateTime | None
    """When a delivery worked last."""


class Subscription(Contract):
    """Who is sent which events."""

    subscription_id: SubscriptionId
    revision: PositiveInt
    url: str
    description: str
    events: EventNames
    state: SubscriptionState
    paused_because: PausedBecause | None
    secrets: tuple[SubscriptionSecret, ...]
    created_by: str
    created_at: UtcDateTime
    changed_at: UtcDateTime
    progress: Progress


class SubscriptionList(Contract):
    """All subscriptions, the oldest first."""

    items: tuple[Subscription, ...]


class IssuedSecret(Contract):
    """A new secret. It is told this once and never again."""

    secret_id: SecretId
    secret: str
    """`whsec_` and 32 bytes in base64, as Standard Webhooks write them."""


class CreatedSubscription(Contract):
    """A subscription that was made, and its first secret, which is told this once."""

    subscription: Subscription
    secret: IssuedSecret


class Replay(Contract):
    """From which event on everything is sent again."""

    from_sequence: EventSequence


class DeadLetter(Contract):
    """A delivery that was given up."""

    number: PositiveInt
    event_id: str
    type: str
    subject: str
    attempts: PositiveInt
    first_tried_at: UtcDateTime
    given_up_at: UtcDateTime
    fault: str


class DeadLetterPage(Contract):
    """Dead letters, the oldest event first."""

    items: tuple[DeadLetter, ...]
    next_cursor: str | None
    total: NonNegativeInt


class Resending(Contract):
    """Which dead letters are tried again."""

    numbers: Annotated[tuple[EventSequence, ...], Field(min_length=1, max_length=500)] | None = None
    """Null: all."""
