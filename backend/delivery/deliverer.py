"""Delivers domain events to the webhooks that subscribe to them: at least once, in order per subject."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from backend.delivery.batches import SENDING_S, Sends, send_batch
from casebook.async_api import AsyncEvents
from casebook.errors import CasebookUnavailable, SubscriptionNotFound
from runtime.backoff import Backoff, Pauses

log = logging.getLogger("casewright.delivery")

LEASE = timedelta(seconds=SENDING_S + 40)
"""Longer than a batch takes: its sending, the last request and the record of it."""
REST = Backoff(first_s=1.0, longest_s=60.0)
"""Between two attempts to serve a subscription that the casebook or a fault of our own kept from being served."""


class _Failing:
    """A subscription that could not be served."""

    def __init__(self) -> None:
        self.pauses = Pauses(REST)
        self.rests_until = 0.0
        """By the clock of the event loop."""


class WebhookDeliverer:
    """Looks for subscriptions that have something to be sent, and serves each in a task of its own."""

    def __init__(self, events: AsyncEvents, sender: Sends, owner: str, clock: Callable[[], datetime]) -> None:
        self._events = events
        self._sender = sender
        self._owner = owner
        self._clock = clock
        self._serving: dict[str, asyncio.Task[None]] = {}
        self._failing: dict[str, _Failing] = {}

    async def look(self) -> bool:
        """Begin to serve every subscription that has work and is not served yet. Raises CasebookUnavailable.

        Never more to do at once: each task goes on until nothing is left.
        """
        for subscription_id in await self._events.subscriptions_with_work(self._owner):
            if subscription_id not in self._serving and not self._rests(subscription_id):
                task = asyncio.create_task(self._serve(subscription_id), name=subscription_id)
                self._serving[subscription_id] = task
                task.add_done_callback(self._served)
        return False

    async def settle(self) -> None:
        """Wait until those that are served now are done."""
        await asyncio.gather(*self._serving.values())

    async def stop(self) -> None:
        """Serve nobody any more, and let another process do so at once. What was on its way is sent again by it."""
        serving = dict(self._serving)
        for task in serving.values():
            task.cancel()
        await asyncio.gather(*serving.values(), return_exceptions=True)
        for subscription_id in serving:
            await self._events.release_lease(subscription_id, self._owner)

    def _rests(self, subscription_id: str) -> bool:
        failing = self._failing.get(subscription_id)
        return failing is not None and asyncio.get_running_loop().time() < failing.rests_until

    def _served(self, task: asyncio.Task[None]) -> None:
        subscription_id = task.get_name()
        del self._serving[subscription_id]
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self._failing.pop(subscription_id, None)
            return
        failing = self._failing.setdefault(subscription_id, _Failing())
        failing.rests_until = asyncio.get_running_loop().time() + failing.pauses.next_s()
        if isinstance(error, CasebookUnavailable):
            log.warning("%s What was sent to %s just now is sent again.", error, subscription_id)
        else:
            log.critical("Delivering to %s failed, and is tried again soon.", subscription_id, exc_info=error)

    async def _serve(self, subscription_id: str) -> None:
        try:
            while await self._serve_batch(subscription_id):
                pass
        except SubscriptionNotFound:
            return
        except Exception:
            # Another process may have more luck.
            with suppress(CasebookUnavailable):
                await self._events.release_lease(subscription_id, self._owner)
            raise

    async def _serve_batch(self, subscription_id: str) -> bool:
        """Whether there may be more to be sent at once."""
        batch = await self._events.take_batch(subscription_id, self._owner, LEASE)
        if batch is None:
            return False
        result = await send_batch(batch, self._sender, self._clock)
        if result.failed:
            text = "Deliveries to %s failed: %d. The last: %s"
            log.warning(text, subscription_id, len(result.failed), result.failed[-1].fault)
        if not await self._events.record_batch(batch, result, self._owner):
            log.info("%s is served elsewhere, or was replayed: what was sent just now is sent again.", subscription_id)
            return False
        if result.delivered or result.failed:
            return True
        await self._events.release_lease(subscription_id, self._owner)
        return False
