"""When a delivery that failed is tried again. Pure."""

from datetime import datetime, timedelta

from runtime.backoff import Backoff

GIVE_UP_AFTER = timedelta(days=3)
"""How long a delivery is tried, from its first attempt on."""
RETRY = Backoff(first_s=5.0, longest_s=6 * 3600.0)
"""Between two attempts of one event."""
OUTAGE = Backoff(first_s=5.0, longest_s=900.0)
"""Between two attempts to reach a receiver that could not be reached at all."""


def retry_at(attempts: int, first_tried_at: datetime, now: datetime, retry_after_s: float | None) -> datetime | None:
    """When an event is tried again that failed now, after `attempts` failures before. None: it is given up.

    `retry_after_s`: what the receiver asked for; it is not asked before. The last attempt is made when the time is up.
    """
    end = first_tried_at + GIVE_UP_AFTER
    if now >= end:
        return None
    return min(now + timedelta(seconds=max(RETRY.delay_s(attempts), retry_after_s or 0.0)), end)


def outage_until(outages: int, now: datetime, retry_after_s: float | None) -> datetime:
    """Until when a receiver is left alone that could not be reached, after `outages` failures before."""
    return now + timedelta(seconds=max(OUTAGE.delay_s(outages), retry_after_s or 0.0))
