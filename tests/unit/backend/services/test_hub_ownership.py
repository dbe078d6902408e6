"""Two casebooks never share a task hub."""

import asyncio

import pytest
from durabletask.client import TaskHubGrpcClient
from durabletask.worker import TaskHubGrpcWorker

from backend.services.errors import TaskHubTaken
from backend.services.hub_ownership import TRUSTED_S, HubOwnership
from backend.services.scheduler import open_scheduler
from contracts.hub import HubOwner
from contracts.ids import case_id
from contracts.names import HUB_OWNER_INSTANCE
from tests.unit.backend.services.test_scheduler import APPROVED, CASE, DECISION
from worker.orchestrations.hub import hub_owner

pytestmark = pytest.mark.anyio


async def test_another_casebooks_backend_orders_and_reads_nothing(hub: str) -> None:
    async with open_scheduler(hub, "desk", "casebook-a") as ours, open_scheduler(hub, "desk", "casebook-b") as other:
        await ours.start_investigation(CASE)
        for attempt in (
            other.probe(),
            other.start_investigation(case_id("other")),
            other.start_reversal(APPROVED),
            other.deliver(DECISION),
            other.state_of(CASE),
            other.living(),
        ):
            with pytest.raises(TaskHubTaken) as refused:
                await attempt
            assert str(refused.value) == (
                "The task hub 'desk' holds the work of another casebook (casebook-a) than this backend's (casebook-b): "
                "set CASEBOOK_URL to that casebook, or DTS_TASKHUB to another hub."
            )
        await ours.probe()
        assert await ours.living() == {CASE}


async def test_concurrent_marks_give_a_hub_one_owner(hub: str) -> None:
    async def try_one(number: int) -> bool:
        async with open_scheduler(hub, "desk", f"casebook-{number}") as scheduler:
            try:
                await scheduler.probe()
            except TaskHubTaken:
                return False
            return True

    assert sum(await asyncio.gather(*map(try_one, range(8)))) == 1


async def test_a_mark_that_names_nobody_is_not_ours(hub: str) -> None:
    with TaskHubGrpcClient(host_address=hub) as anybody:
        anybody.schedule_new_orchestration("anything", instance_id=HUB_OWNER_INSTANCE)
    async with open_scheduler(hub, "desk", "casebook-a") as scheduler:
        with pytest.raises(TaskHubTaken, match=r"another casebook \(unknown\)"):
            await scheduler.start_investigation(CASE)


def purge_mark(anybody: TaskHubGrpcClient) -> None:
    anybody.terminate_orchestration(HUB_OWNER_INSTANCE)
    anybody.wait_for_orchestration_completion(HUB_OWNER_INSTANCE, timeout=60)
    assert anybody.purge_orchestration(HUB_OWNER_INSTANCE).deleted_instance_count == 1


async def test_a_hub_whose_mark_was_purged_is_marked_again(hub: str) -> None:
    with TaskHubGrpcWorker(host_address=hub) as worker, TaskHubGrpcClient(host_address=hub) as anybody:
        worker.add_orchestrator(hub_owner)
        worker.start()
        async with open_scheduler(hub, "desk", "theirs") as other, open_scheduler(hub, "desk", "ours") as ours:
            await other.probe()
            with pytest.raises(TaskHubTaken, match="theirs"):
                await ours.probe()
            purge_mark(anybody)
            await ours.probe()
            await ours.start_investigation(CASE)


async def test_a_hub_that_lost_everything_is_marked_again() -> None:
    marks: list[str] = []
    now = 0.0
    reads = 0

    async def read() -> str | None:
        nonlocal reads
        reads += 1
        return marks[-1] if marks else None

    async def make(owner: HubOwner) -> None:
        marks.append(owner.model_dump_json())

    mark = HubOwnership("desk", "casebook-a", read, make, lambda: now)
    await mark.require_own()
    await mark.require_own()
    assert reads == 2, "what was seen a moment ago is not asked for again"
    marks.clear()
    now += TRUSTED_S
    await mark.require_own()
    assert marks == [HubOwner(casebook_id="casebook-a").model_dump_json()]
