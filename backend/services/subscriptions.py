"""Makes and changes subscriptions, of addresses that may be posted to."""

import logging
from collections.abc import Callable
from typing import Protocol
from uuid import uuid4

from casebook.async_api import AsyncSubscriptions
from casebook.commands.subscriptions import NewSecret
from contracts.subscriptions import (
    CreatedSubscription,
    IssuedSecret,
    NewSubscription,
    Replay,
    Resending,
    Subscription,
    SubscriptionChange,
)

log = logging.getLogger("casewright.delivery")


class ChecksUrls(Protocol):
    """What knows whether events may be posted somewhere."""

    async def check(self, url: str) -> None:
        """Raises WebhookUrlRefused when they may not."""
        ...


class SubscriptionService:
    """What is accepted is on record. `on_change` is called when there may be something to deliver."""

    def __init__(
        self,
        record: AsyncSubscriptions,
        urls: ChecksUrls,
        draw_secret: Callable[[], str],
        on_change: Callable[[], None],
    ) -> None:
        self._record = record
        self._urls = urls
        self._draw_secret = draw_secret
        self._on_change = on_change

    async def create(self, new: NewSubscription, actor: str) -> CreatedSubscription:
        """Make a subscription. Raises WebhookUrlRefused, and what `SubscriptionsApi.create_subscription` raises."""
        await self._urls.check(new.url)
        created = await self._record.create_subscription(f"sub-{uuid4().hex}", new, self._new_secret(), actor)
        log.info("%s was made by %s", created.subscription.subscription_id, actor)
        self._on_change()
        return created

    async def change(
        self, subscription_id: str, revision: int | None, change: SubscriptionChange, actor: str
    ) -> Subscription:
        """Change what `change` names.

        Raises WebhookUrlRefused, and what `SubscriptionsApi.change_subscription` raises.
        """
        if change.url is not None:
            await self._urls.check(change.url)
        changed = await self._record.change_subscription(subscription_id, revision, change, actor)
        self._on_change()
        return changed

    async def delete(self, subscription_id: str, revision: int | None, actor: str) -> None:
        """Delete a subscription. Raises what `SubscriptionsApi.delete_subscription` raises."""
        await self._record.delete_subscription(subscription_id, revision, actor)
        log.info("%s was deleted by %s", subscription_id, actor)

    async def add_secret(self, subscription_id: str, actor: str) -> IssuedSecret:
        """Sign with one more secret from now on. Raises what `SubscriptionsApi.add_secret` raises."""
        return await self._record.add_secret(subscription_id, self._new_secret(), actor)

    async def replay(self, subscription_id: str, replay: Replay, actor: str) -> Subscription:
        """Send everything from an event on. Raises what `SubscriptionsApi.replay` raises."""
        replayed = await self._record.replay(subscription_id, replay.from_sequence, actor)
        self._on_change()
        return replayed

    async def resend(self, subscription_id: str, resending: Resending, actor: str) -> Subscription:
        """Try dead letters again. Raises what `SubscriptionsApi.resend` raises."""
        resent = await self._record.resend(subscription_id, resending.numbers, actor)
        self._on_change()
        return resent

    def _new_secret(self) -> NewSecret:
        return NewSecret(f"sec-{uuid4().hex}", self._draw_secret())
