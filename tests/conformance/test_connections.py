"""What a client may do to its connection, and what the scheduler's end of it does."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import durabletask.internal.orchestrator_service_pb2 as pb
import durabletask.internal.orchestrator_service_pb2_grpc as stubs  # pyright: ignore[reportMissingTypeStubs]
import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.wrappers_pb2 import StringValue

from local.scheduler.engine import Engine, Options
from local.scheduler.errors import CannotOpen
from local.scheduler.metrics import Metrics
from local.scheduler.rpc import server as module
from local.scheduler.rpc.server import Server
from local.scheduler.services.servicer import Servicer
from tests.conformance.harness import BreakableConnection, RunningScheduler, Wire, eventually
from tests.conformance.messages import complete


def gauge(scheduler: RunningScheduler, name: str) -> int:
    return scheduler.on_loop(scheduler.engine.dispatcher.gauges)[name]


def refusal(call: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value.code(), caught.value.details()  # type: ignore[attr-defined]


def raw(address: str, method: str, message: bytes) -> None:
    with grpc.insecure_channel(address) as channel:
        channel.unary_unary(f"/TaskHubSidecarService/{method}")(message, timeout=60)


def test_an_unknown_method_is_named_in_the_refusal(scheduler: RunningScheduler) -> None:
    code, words = refusal(lambda: raw(scheduler.address, "Fly", b""))
    assert code == grpc.StatusCode.UNIMPLEMENTED
    assert words == "This scheduler has no method '/TaskHubSidecarService/Fly'."


@pytest.mark.parametrize(("method", "message"), [("GetInstance", b"\xff"), ("GetWorkItems", b"\x0a\x05")])
def test_a_malformed_message_is_refused(scheduler: RunningScheduler, method: str, message: bytes) -> None:
    code, words = refusal(lambda: raw(scheduler.address, method, message))
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert "is not a valid Get" in words


def test_errors_arrive_in_any_language(wire: Wire) -> None:
    code, words = refusal(lambda: wire.raise_event("ä 100%", "e"))
    assert code == grpc.StatusCode.NOT_FOUND
    assert words == "There is no orchestration instance 'ä 100%' in this task hub."


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_compressed_requests_are_served(scheduler: RunningScheduler, wire: Wire, compression: grpc.Compression) -> None:
    with grpc.insecure_channel(scheduler.address, compression=compression) as channel:
        stub: Any = stubs.TaskHubSidecarServiceStub(channel)
        text = "x" * 100_000
        request = pb.CreateInstanceRequest(name="x", instanceId="a", input=StringValue(value=text))
        stub.StartInstance(request, timeout=60)
    assert wire.state("a").input.value == text


def test_a_waiting_client_that_gives_up_is_forgotten(scheduler: RunningScheduler, wire: Wire) -> None:
    wire.start("x", "a")
    waiting = wire.stub.WaitForInstanceCompletion.future(pb.GetInstanceRequest(instanceId="a"), metadata=wire.metadata)
    eventually(lambda: gauge(scheduler, "waiting_clients") == 1)
    waiting.cancel()
    eventually(lambda: gauge(scheduler, "waiting_clients") == 0)


def test_a_waiting_client_whose_connection_breaks_is_forgotten(scheduler: RunningScheduler, wire: Wire) -> None:
    wire.start("x", "a")
    connection = BreakableConnection(scheduler.address)
    far = Wire(connection.address)
    waiting = far.stub.WaitForInstanceCompletion.future(pb.GetInstanceRequest(instanceId="a"), metadata=far.metadata)
    eventually(lambda: gauge(scheduler, "waiting_clients") == 1)
    connection.pull()
    eventually(lambda: gauge(scheduler, "waiting_clients") == 0)
    assert isinstance(waiting.exception(timeout=60), grpc.RpcError)
    far.close()


def test_a_connection_that_falls_silent_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A client on a busy machine answers within the time that a silent one is given.
    quick = {"grpc.keepalive_time_ms": 1000, "grpc.keepalive_timeout_ms": 5000, "grpc.http2.ping_timeout_ms": 5000}
    monkeypatch.setattr(module, "OPTIONS", tuple({**dict(module.OPTIONS), **quick}.items()))
    scheduler = RunningScheduler(tmp_path / "data")
    connection = BreakableConnection(scheduler.address)
    far = Wire(connection.address)
    worker = far.worker("far:1:silent")
    far.start("x", "a")
    worker.turn()
    connection.block()
    eventually(lambda: gauge(scheduler, "workers_connected") == 0)
    connection.pull()
    far.close()
    scheduler.stop()


def test_a_worker_that_does_not_read_blocks_nobody(scheduler: RunningScheduler, wire: Wire) -> None:
    large = "x" * 900_000
    slow: Any = wire.stub.GetWorkItems(
        pb.GetWorkItemsRequest(maxConcurrentOrchestrationWorkItems=40), metadata=[*wire.metadata, ("workerid", "slow")]
    )
    eventually(lambda: gauge(scheduler, "workers_connected") == 1)
    for number in range(30):
        wire.start("large", f"a{number}", large)
    eventually(lambda: gauge(scheduler, "leases") == 30)
    other = Wire(scheduler.address, "other")
    worker = other.worker("w")
    other.start("x", "b")
    worker.end_turn(worker.turn(), complete(1, "1"))
    assert other.status("b") == "COMPLETED"
    seen: list[str] = []
    while len(seen) < 30:
        item: Any = next(slow)
        if item.HasField("orchestratorRequest"):
            seen.append(item.orchestratorRequest.instanceId)
    assert seen == [f"a{number}" for number in range(30)]
    slow.cancel()
    other.close()


def test_worker_streams_end_without_error_on_shutdown(tmp_path: Path) -> None:
    scheduler = RunningScheduler(tmp_path / "data")
    wire = Wire(scheduler.address)
    wire.start("x", "a")
    stream: Any = wire.stub.GetWorkItems(pb.GetWorkItemsRequest(), metadata=[*wire.metadata, ("workerid", "w")])
    assert next(stream).HasField("orchestratorRequest")
    stopping = threading.Thread(target=scheduler.stop)
    stopping.start()
    assert [item for item in stream if not item.HasField("healthPing")] == []
    assert stream.code() == grpc.StatusCode.OK
    stopping.join(60)
    wire.close()


def test_a_stop_does_not_wait_for_waiting_clients(tmp_path: Path) -> None:
    scheduler = RunningScheduler(tmp_path / "data")
    wire = Wire(scheduler.address)
    wire.start("x", "a")
    waiting = wire.stub.WaitForInstanceCompletion.future(pb.GetInstanceRequest(instanceId="a"), metadata=wire.metadata)
    eventually(lambda: gauge(scheduler, "waiting_clients") == 1)
    scheduler.stop()
    assert isinstance(waiting.exception(timeout=60), grpc.RpcError)
    code, _ = refusal(lambda: wire("Hello", Empty(), timeout=60))
    assert code == grpc.StatusCode.UNAVAILABLE
    wire.close()


def test_a_second_scheduler_cannot_share_the_port(scheduler: RunningScheduler, tmp_path: Path) -> None:
    port = int(scheduler.address.rpartition(":")[2])

    async def listen() -> None:
        engine = Engine(Options(tmp_path / "other"))
        try:
            Server(Servicer(engine), Metrics(), "127.0.0.1", port)
        finally:
            await engine.stop()

    with pytest.raises(CannotOpen, match=f"Cannot listen on 127.0.0.1 port {port} \\(Address already in use\\): stop"):
        asyncio.run(listen())
