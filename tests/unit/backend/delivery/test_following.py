"""The loop of all consumers: it goes on whatever fails, and says each reason once."""

import asyncio
import logging
from contextlib import suppress

import pytest

from backend.delivery import following
from backend.delivery.errors import SendingFailed
from backend.delivery.following import Follower
from runtime.backoff import Backoff

pytestmark = pytest.mark.anyio


async def test_each_reason_is_said_once(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(following, "RETRY", Backoff(first_s=0.0))
    outcomes = ["It is away.", "It is away.", "It is too large.", "It is too large.", None, "It is away.", None]
    done = asyncio.Event()

    async def look() -> bool:
        if not outcomes:
            done.set()
            return False
        if outcome := outcomes.pop(0):
            raise SendingFailed(outcome)
        return True

    with caplog.at_level(logging.INFO, logger="casewright.delivery"):
        following_it = asyncio.create_task(Follower(look, "It waits.").run())
        await done.wait()
        following_it.cancel()
        with suppress(asyncio.CancelledError):
            await following_it
    works = "It works again. What waited is delivered now."
    assert [record.getMessage() for record in caplog.records] == [
        "It is away. It waits.",
        "It is too large. It waits.",
        works,
        "It is away. It waits.",
        works,
    ]
