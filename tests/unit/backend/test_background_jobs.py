import asyncio

import pytest

from backend.background_jobs import jobs_running

pytestmark = pytest.mark.anyio


async def endless() -> None:
    await asyncio.Event().wait()


async def test_a_job_that_dies_is_reported_with_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    died = asyncio.Event()

    async def dies() -> None:
        raise ZeroDivisionError("on purpose")

    async with jobs_running(endless, dies, on_failure=died.set):
        await asyncio.wait_for(died.wait(), 60)
    assert "on purpose" in caplog.text


async def test_leaving_ends_the_jobs_and_is_no_failure() -> None:
    failures: list[str] = []
    ended = asyncio.Event()

    async def job() -> None:
        try:
            await endless()
        finally:
            ended.set()

    async with jobs_running(job, on_failure=lambda: failures.append("failed")):
        await asyncio.sleep(0)
    assert ended.is_set()
    assert failures == []
