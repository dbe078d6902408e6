"""The tables of subscriptions and of what is delivered to them. How far each has come is in `consumer`."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from casebook.schema.base import Base


class SubscriptionRow(Base, kw_only=True):
    """Where domain events are posted to."""

    __tablename__ = "subscription"

    subscription_id: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int]
    url: Mapped[str]
    description: Mapped[str]
    events: Mapped[str | None] = mapped_column(default=None)
    """The names of the events that are sent, as JSON; null: all."""
    state: Mapped[str]
    paused_because: Mapped[str | None] = mapped_column(default=None)
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    outages: Mapped[int]
    """How often the receiver could not be reached at all since it last could."""
    retry_at: Mapped[datetime | None] = mapped_column(default=None)
    """Until then a receiver that could not be reached is left alone."""
    last_fault: Mapped[str | None] = mapped_column(default=None)
    """Why the last delivery failed; null when it worked."""
    delivered_at: Mapped[datetime | None] = mapped_column(default=None)


class SubscriptionSecretRow(Base, kw_only=True):
    """A secret by which the events of a subscription are signed."""

    __tablename__ = "subscription_secret"
    __table_args__ = (Index("ix_subscription_secret_subscription", "subscription_id"),)

    secret_id: Mapped[str] = mapped_column(primary_key=True)
    subscription_id: Mapped[str] = mapped_column(ForeignKey("subscription.subscription_id"))
    secret: Mapped[str]
    created_at: Mapped[datetime]


class PendingDeliveryRow(Base, kw_only=True):
    """A delivery that failed, or that waits behind one of the same subject."""

    __tablename__ = "pending_delivery"
    __table_args__ = (
        Index("ix_pending_delivery_due", "subscription_id", "due_at"),
        Index("ix_pending_delivery_subject", "subscription_id", "subject", "number"),
    )

    subscription_id: Mapped[str] = mapped_column(ForeignKey("subscription.subscription_id"), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    subject: Mapped[str]
    attempts: Mapped[int]
    first_tried_at: Mapped[datetime | None] = mapped_column(default=None)
    due_at: Mapped[datetime | None] = mapped_column(default=None)
    """When it is tried; null while an earlier one of its subject waits."""


class DeadLetterRow(Base, kw_only=True):
    """A delivery that was given up."""

    __tablename__ = "dead_letter"

    subscription_id: Mapped[str] = mapped_column(ForeignKey("subscription.subscription_id"), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    subject: Mapped[str]
    attempts: Mapped[int]
    first_tried_at: Mapped[datetime]
    given_up_at: Mapped[datetime]
    fault: Mapped[str]
