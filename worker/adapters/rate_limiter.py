"""Limits the calls to one model deployment: all runs of a worker share its token bucket, first come, first served."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping

import anyio

from worker.adapters.rate_headers import RateHeaders, read_rate_headers
from worker.domain.token_bucket import TokenBucket
from worker.ports.model import ModelUnavailable

log = logging.getLogger(__name__)

MINUTE_S = 60.0
LONGEST_CLOSED_S = 60.0
"""However far away the provider says that its limit resets: a limit per minute comes back within one."""
SHARE_FOR_WAITING = 0.5
"""Of the time that a call has: the rest is the model's."""
WORTH_TELLING_S = 1.0


class RateLimiter:
    """Lets calls begin at the rate of `per_minute`, and of what the provider says, whichever is lower.

    With neither, calls begin at once. Lives on one event loop. `window_s`: of which time the provider's limit is.
    """

    def __init__(
        self,
        name: str,
        per_minute: int | None = None,
        window_s: float = MINUTE_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`name` is that of the deployment, for people."""
        self._name = name
        self._set = per_minute
        self._window_s = window_s
        self._monotonic = monotonic
        self._bucket = TokenBucket.full(per_minute, monotonic())
        self._waiting: deque[asyncio.Event] = deque()
        self._waited = 0
        self._longest_s = 0.0

    async def acquire(self, timeout_s: float) -> float:
        """Wait for this call's turn; how many seconds that took.

        Raises ModelUnavailable, `asked=False`, when waiting takes more than its share of `timeout_s`: at once if that
        is known, and with the time after which there would be a turn. Who is cancelled gives way to the next.
        """
        started = self._monotonic()
        patience_s = timeout_s * SHARE_FOR_WAITING
        expected_s = self._bucket.wait_s(started, len(self._waiting))
        if expected_s > patience_s:
            raise self._busy(expected_s)
        if self._waiting or expected_s > 0:
            await self._wait_for_turn(patience_s)
        now = self._monotonic()
        self._bucket = self._bucket.taken(now)
        self._note_wait(now - started)
        return now - started

    def told(self, headers: Mapping[str, str]) -> None:
        """The provider answered with these headers; what they say of its limit counts from now on."""
        said = read_rate_headers(headers)
        now = self._monotonic()
        if (limit := self._limit_of(said)) is not None and limit != self._bucket.per_minute:
            log.info("%s takes %d requests per minute from here.", self._name, limit)
            self._bucket = self._bucket.at_rate(limit, now)
        if said.remaining == 0 and said.reset_s:
            # The limit is whole again after `reset_s`: one more request may come after its share of that.
            self._bucket = self._bucket.closed(now, min(said.reset_s, LONGEST_CLOSED_S) / (said.limit or 1))

    def _limit_of(self, said: RateHeaders) -> int | None:
        if said.limit is None:
            return None
        told = max(1, int(said.limit * MINUTE_S / self._window_s))
        return told if self._set is None else min(self._set, told)

    async def _wait_for_turn(self, patience_s: float) -> None:
        turn = asyncio.Event()
        self._waiting.append(turn)
        try:
            with anyio.fail_after(patience_s):
                if self._waiting[0] is not turn:
                    await turn.wait()
                while True:
                    left_s = self._bucket.wait_s(self._monotonic())
                    if left_s <= 0:
                        break
                    # The rate may change meanwhile.
                    await asyncio.sleep(left_s)
        except TimeoutError:
            raise self._busy(self._bucket.wait_s(self._monotonic(), self._waiting.index(turn))) from None
        finally:
            was_first = self._waiting[0] is turn
            self._waiting.remove(turn)
            if was_first and self._waiting:
                self._waiting[0].set()

    def _busy(self, wait_s: float) -> ModelUnavailable:
        return ModelUnavailable(
            f"The model deployment takes no more requests per minute: this one would wait {wait_s:.0f} seconds.",
            retry_after_s=wait_s,
            asked=False,
            endpoint_is_well=True,
        )

    def _note_wait(self, waited_s: float) -> None:
        """Log once that calls wait, and once, when none does any more, how many did and for how long."""
        if waited_s >= WORTH_TELLING_S:
            if not self._waited:
                limit = self._bucket.per_minute
                said = "no request for a while" if limit is None else f"{limit} requests per minute"
                log.info("Calls wait for %s, which takes %s.", self._name, said)
            self._waited += 1
            self._longest_s = max(self._longest_s, waited_s)
        elif self._waited and not self._waiting:
            log.info("%d calls waited for %s, at most %.0f s.", self._waited, self._name, self._longest_s)
            self._waited, self._longest_s = 0, 0.0
