import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import grpc
import pytest
from durabletask import task
from durabletask.client import TaskHubGrpcClient
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.worker import TaskHubGrpcWorker

from backend.services.errors import SchedulerUnavailable, StartRefused
from backend.services.scheduler import DurableTaskScheduler, InstanceState, InstanceUnknown, open_scheduler
from contracts.hub import HubOwner
from contracts.ids import case_id
from contracts.names import (
    HUB_OWNER_INSTANCE,
    INVESTIGATION,
    INVESTIGATION_VERSION,
    REVERSAL,
    REVERSAL_VERSION,
    analyst_decision,
)
from contracts.reversal import Reversal
from contracts.steps import Investigation, ReversalOrder
from runtime.data_converter import PydanticDataConverter
from tests.unit.backend.support import task_hub
from tests.unit.casebook.builders import NOON, a_decision, an_alert, an_opening
from tests.unit.worker.support.lab import AsItIs

pytestmark = pytest.mark.anyio

ALERT = an_alert(1)
CASE = case_id(ALERT.alert_id)
CASEBOOK = "casebook-1"
DECISION = a_decision(an_opening(CASE))
APPROVED = Reversal(
    reversal_id=f"{CASE}:unlock_account:1",
    case_id=CASE,
    action="unlock_account",
    undoes=f"{CASE}:lock_account:1",
    status="approved",
    reason="The customer was travelling.",
    requested_by="ana",
    requested_at=NOON,
    decided_by="maria",
    decided_at=NOON,
)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module", autouse=True)
async def one_loop(anyio_backend: str) -> None:
    """One event loop for all tests here: what a channel of an earlier test still says would hit a closed one."""


def investigation(ctx: task.OrchestrationContext, order: Investigation) -> Generator[task.Task[Any], Any, str]:
    """Waits for the first round's event and says what it carried, and which version this is."""
    ctx.set_custom_status({"phase": "awaiting_review", "round": 1, "specialists": {}, "score": None, "outcome": None})
    carried = yield ctx.wait_for_external_event(analyst_decision(1))
    return f"{order.case_id} woken with {carried}, version {ctx.version}"


def reversal(ctx: task.OrchestrationContext, order: ReversalOrder) -> str:
    return f"{order.reversal_id} undoes {order.undoes}, version {ctx.version}"


@contextmanager
def working(hub: str, *orchestrators: task.Orchestrator[Any, Any]) -> Generator[None]:
    """A worker of the hub that takes these."""
    worker = TaskHubGrpcWorker(host_address=hub, data_converter=PydanticDataConverter())
    for orchestrator in orchestrators:
        worker.add_orchestrator(orchestrator)
    worker.start()
    try:
        yield
    finally:
        worker.stop()


async def until_finished(
    scheduler: DurableTaskScheduler, instance_id: str = CASE, ended: str = "COMPLETED"
) -> InstanceState:
    while True:
        state = await scheduler.state_of(instance_id)
        assert state is not None
        if state.runtime_status == ended:
            return state
        await asyncio.sleep(0.02)


async def test_investigation_is_started_once_however_often_asked(hub: str) -> None:
    async with open_scheduler(hub, "default", CASEBOOK) as scheduler:
        assert await scheduler.state_of(CASE) is None
        await asyncio.gather(*(scheduler.start_investigation(CASE) for _ in range(3)))
        state = await scheduler.state_of(CASE)
        assert await scheduler.living() == {CASE}
    assert state is not None
    assert (state.runtime_status, state.custom_status, state.result) == ("PENDING", None, None)


async def test_the_decision_reaches_the_round_that_waits_for_it(hub: str) -> None:
    with working(hub, investigation):
        async with open_scheduler(hub, "default", CASEBOOK) as scheduler:
            await scheduler.start_investigation(CASE)
            await scheduler.deliver(DECISION)
            state = await asyncio.wait_for(until_finished(scheduler), 60)
    assert state.result == f"{CASE} woken with None, version {INVESTIGATION_VERSION}"
    assert state.custom_status is not None
    assert state.custom_status.phase == "awaiting_review"


@pytest.mark.parametrize("ended", ["COMPLETED", "TERMINATED"])
async def test_an_orchestration_that_is_over_is_replaced(hub: str, ended: str) -> None:
    with working(hub, investigation):
        async with open_scheduler(hub, "default", CASEBOOK) as scheduler:
            await scheduler.start_investigation(CASE)
            if ended == "COMPLETED":
                await scheduler.deliver(DECISION)
            else:
                with TaskHubGrpcClient(host_address=hub) as operator:
                    await asyncio.to_thread(operator.terminate_orchestration, CASE)
            await asyncio.wait_for(until_finished(scheduler, ended=ended), 60)
            await scheduler.start_investigation(CASE)
            again = await scheduler.state_of(CASE)
    assert again is not None
    assert again.runtime_status in ("PENDING", "RUNNING")


async def test_what_ended_long_ago_is_forgotten(hub: str) -> None:
    with working(hub, investigation, reversal):
        async with open_scheduler(hub, "default", CASEBOOK) as scheduler:
            await scheduler.start_investigation(CASE)
            await scheduler.start_reversal(APPROVED)
            ended = await asyncio.wait_for(until_finished(scheduler, APPROVED.reversal_id), 60)
            assert await scheduler.purge_ended(ended.last_updated_at - timedelta(days=1)) == 0
            assert await scheduler.purge_ended(ended.last_updated_at + timedelta(days=1)) == 1
            assert await scheduler.state_of(APPROVED.reversal_id) is None
            assert CASE in await scheduler.living()


@pytest.mark.parametrize(
    ("output", "shown"),
    [
        ('"cleared"', "cleared"),
        ("null", None),
        ('{"by": "an operator"}', '{"by": "an operator"}'),
        ("ended by hand", "ended by hand"),
        ("[" * 100_000, "[" * 100_000),
        (r'"\ud800"', "?"),
    ],
)
async def test_orchestration_result_of_any_kind_is_shown(hub: str, output: str, shown: str | None) -> None:
    async with open_scheduler(hub, "default", CASEBOOK) as scheduler:
        await scheduler.start_investigation(CASE)
        with TaskHubGrpcClient(host_address=hub, data_converter=AsItIs()) as operator:
            await asyncio.to_thread(operator.terminate_orchestration, CASE, output=output)
        with working(hub, investigation):
            state = await asyncio.wait_for(until_finished(scheduler, ended="TERMINATED"), 60)
    assert state.result == shown


@pytest.mark.parametrize(
    ("code", "said", "is_final"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, "The instance id has 120 characters.", True),
        (grpc.StatusCode.OUT_OF_RANGE, "The request is out of range.", True),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "Received message larger than max (5000000 vs. 4194304)", True),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "The input has 2,000,000 bytes, and at most 1,048,576 are taken", True),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "The scheduler's disk is full: nothing was stored.", False),
        (grpc.StatusCode.UNAVAILABLE, "It is being restarted.", False),
        (grpc.StatusCode.UNAUTHENTICATED, "The token has expired.", False),
        (grpc.StatusCode.INTERNAL, "It broke.", False),
    ],
)
async def test_a_start_refused_for_good_is_no_outage(code: grpc.StatusCode, said: str, is_final: bool) -> None:
    async def refuse(_: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        await context.abort(code, said)

    async def our_hub(_: bytes, __: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        mark = pb.OrchestrationState(instanceId=HUB_OWNER_INSTANCE)
        mark.input.value = HubOwner(casebook_id=CASEBOOK).model_dump_json()
        return pb.GetInstanceResponse(exists=True, orchestrationState=mark).SerializeToString()

    handlers: Any = grpc
    start = handlers.unary_unary_rpc_method_handler(refuse)
    look = handlers.unary_unary_rpc_method_handler(our_hub)
    known = {"StartInstance": start, "GetInstance": look}
    service = handlers.method_handlers_generic_handler("TaskHubSidecarService", known)
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((service,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with open_scheduler(f"http://127.0.0.1:{port}", "default", CASEBOOK) as scheduler:
            with pytest.raises(SchedulerUnavailable) as refused:
                await scheduler.start_investigation(CASE)
    finally:
        await server.stop(None)

    assert isinstance(refused.value, StartRefused) is is_final


async def test_an_id_above_the_schedulers_limit_is_shortened(hub: str) -> None:
    case = case_id("x" * 100)
    async with open_scheduler(hub, "default", CASEBOOK) as scheduler:
        await scheduler.start_investigation(case)
        (instance,) = await scheduler.living()
        state = await scheduler.state_of(case)
    assert len(instance) == 100
    assert state is not None


async def test_approved_reversal_is_one_orchestration_however_often_started(hub: str) -> None:
    with working(hub, reversal):
        async with open_scheduler(hub, "default", CASEBOOK) as scheduler:
            await scheduler.start_reversal(APPROVED)
            await scheduler.start_reversal(APPROVED)
            state = await asyncio.wait_for(until_finished(scheduler, APPROVED.reversal_id), 60)
            assert await scheduler.living() == frozenset()
    assert state.result == f"{APPROVED.reversal_id} undoes {APPROVED.undoes}, version {REVERSAL_VERSION}"


async def test_a_decision_for_an_unknown_instance_is_named(hub: str) -> None:
    async with open_scheduler(hub, "default", CASEBOOK) as scheduler:
        with pytest.raises(InstanceUnknown, match=CASE):
            await scheduler.deliver(DECISION)


async def test_absent_scheduler_is_unavailable_until_it_comes(port: int) -> None:
    async with open_scheduler(f"http://127.0.0.1:{port}", "default", CASEBOOK) as scheduler:
        for attempt in (
            scheduler.probe(),
            scheduler.start_investigation(CASE),
            scheduler.deliver(DECISION),
            scheduler.start_reversal(APPROVED),
            scheduler.living(),
        ):
            with pytest.raises(SchedulerUnavailable, match="nothing answers at its address"):
                await attempt
        with task_hub(port):
            async with asyncio.timeout(60):
                while True:
                    try:
                        await scheduler.start_investigation(CASE)
                        break
                    except SchedulerUnavailable:
                        await asyncio.sleep(0.05)


def test_the_orchestrations_of_this_test_bear_the_real_names() -> None:
    assert investigation.__name__ == INVESTIGATION
    assert reversal.__name__ == REVERSAL
