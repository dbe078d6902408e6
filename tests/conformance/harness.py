# ruff: noqa: A002 -- input is the protocol's word
"""Running backends, raw protocol workers and SDK workers for the conformance suite."""

import asyncio
import logging
import queue
import socket
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

import durabletask.internal.orchestrator_service_pb2 as pb
import durabletask.internal.orchestrator_service_pb2_grpc as stubs  # pyright: ignore[reportMissingTypeStubs]
import grpc
from durabletask.azuremanaged.client import DurableTaskSchedulerClient
from durabletask.azuremanaged.worker import DurableTaskSchedulerWorker
from durabletask.testing import in_memory_backend

from local.scheduler.engine import Engine, Options
from local.scheduler.metrics import Metrics
from local.scheduler.rpc.server import Server
from local.scheduler.services.servicer import Servicer
from tests.conformance.messages import stamp, text
from tests.support.ports import free_port

T = TypeVar("T")
PATIENCE_S = 60.0
"""For what must happen: a busy machine takes its time, and what never happens is a failure."""
QUIET = logging.getLogger("conformance")
QUIET.setLevel(logging.CRITICAL)
STOP_GRACE_S = 2.0
"""So long a call that is under way when a scheduler stops may take to end; most end at once."""


class Backend(Protocol):
    """Something that speaks the protocol at `address` and can be restarted."""

    address: str
    patience_s: float

    def restart(self) -> None: ...

    def stop(self) -> None: ...


class RunningScheduler:
    """The scheduler on a thread of its own."""

    patience_s = PATIENCE_S

    def __init__(self, data: Path, **options: Any) -> None:
        settings: dict[str, Any] = {"grace": 0.6, "ping_seconds": 30.0, **options}
        self._options = Options(data, **settings)
        self._port = 0
        self.address = ""
        self.engine: Engine
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event
        self._start()

    def _start(self) -> None:
        started = threading.Event()
        failure: list[BaseException] = []

        async def run() -> None:
            self._loop = asyncio.get_running_loop()
            self._stop = asyncio.Event()
            try:
                self.engine = Engine(self._options)
                server = Server(Servicer(self.engine), Metrics(), "127.0.0.1", self._port)
                await self.engine.start()
                await server.start()
            except BaseException as error:
                failure.append(error)
                started.set()
                raise
            self._port = server.port
            self.address = f"127.0.0.1:{server.port}"
            started.set()
            await self._stop.wait()
            self.engine.dispatcher.close_streams()
            await server.stop(STOP_GRACE_S)
            await self.engine.stop()

        def target() -> None:
            try:
                asyncio.run(run())
            except BaseException:
                if not failure:
                    raise

        self._thread = threading.Thread(target=target)
        self._thread.start()
        started.wait()
        if failure:
            raise failure[0]

    def on_loop(self, look: Callable[[], T]) -> T:
        """Calls something on the scheduler's own thread."""

        async def call() -> T:
            return look()

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(PATIENCE_S)

    def pass_time(self, seconds: float) -> None:
        """Brings on the end of all grace periods that run, as if it were so much later."""

        def bring_on() -> None:
            for lease in self.engine.dispatcher._leases.values():  # pyright: ignore[reportPrivateUsage]
                if lease.deadline is not None:
                    lease.deadline -= seconds

        self.on_loop(bring_on)

    def wait_for_workers(self, count: int) -> None:
        """Waits until it has noticed that so many workers are connected."""
        eventually(lambda: self.on_loop(self.engine.dispatcher.gauges)["workers_connected"] == count)

    def soon(self, act: Callable[[], object], seconds: float) -> None:
        """Calls something on the scheduler's own thread after a while."""
        self._loop.call_soon_threadsafe(self._loop.call_later, seconds, act)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(60)

    def restart(self) -> None:
        self.stop()
        self._start()


class ReferenceBackend:
    """The SDK's in-memory backend."""

    patience_s = 3.0
    """It is asked for what it does in no time at all, or never."""

    def __init__(self) -> None:
        self._port = free_port()
        self.address = f"127.0.0.1:{self._port}"
        self._backend = in_memory_backend.create_test_backend(port=self._port)

    def stop(self) -> None:
        self._backend.stop(0.2)

    def restart(self) -> None:
        self.stop()
        self._backend = in_memory_backend.create_test_backend(port=self._port)


class BreakableConnection:
    """A connection to a backend that can be pulled out: the backend hears what it hears of a worker that was killed."""

    def __init__(self, address: str) -> None:
        host, _, port = address.partition(":")
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._ends: list[socket.socket] = []
        self._open = threading.Event()
        self._open.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        try:
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._target)
                self._ends += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()
        except OSError:
            pass

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                self._open.wait()
                sink.sendall(data)
        except OSError:
            pass

    def block(self) -> None:
        """Lets nothing through any more, and breaks nothing: a machine that is gone looks like this."""
        self._open.clear()

    def pull(self) -> None:
        """Breaks everything that goes through it, and takes nothing new."""
        self._open.set()
        for end in (self._listener, *self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class KillableWorker:
    """A raw worker that can be killed."""

    def __init__(self, address: str, worker_id: str, **fields: Any) -> None:
        self._connection = BreakableConnection(address)
        self._wire = Wire(self._connection.address)
        self.worker = self._wire.worker(worker_id, **fields)

    def kill(self) -> None:
        self._connection.pull()
        self._wire.close()


class Wire:
    """The protocol without the SDK's client around it."""

    def __init__(self, address: str, hub: str = "default", patience_s: float = PATIENCE_S) -> None:
        self.patience_s = patience_s
        self.metadata: list[tuple[str, str]] = [("taskhub", hub)]
        self._channel = grpc.insecure_channel(address)
        self.stub: Any = stubs.TaskHubSidecarServiceStub(self._channel)

    def __call__(self, method: str, request: Any, timeout: float = PATIENCE_S) -> Any:
        return getattr(self.stub, method)(request, metadata=self.metadata, timeout=timeout)

    def start(self, name: str, instance_id: str, input: str | None = None, **fields: Any) -> str:
        request = pb.CreateInstanceRequest(name=name, instanceId=instance_id, input=text(input), **fields)
        return self("StartInstance", request).instanceId

    def raise_event(self, instance_id: str, name: str, input: str = "1") -> None:
        self("RaiseEvent", pb.RaiseEventRequest(instanceId=instance_id, name=name, input=text(input)))

    def signal(self, entity_id: str, name: str, input: str | None = None, at: float | None = None) -> None:
        request = pb.SignalEntityRequest(
            instanceId=entity_id, name=name, input=text(input), requestId=f"{time.time_ns()}",
            scheduledTime=None if at is None else stamp(at),
        )  # fmt: skip
        self("SignalEntity", request)

    def state(self, instance_id: str) -> Any:
        answer = self("GetInstance", pb.GetInstanceRequest(instanceId=instance_id, getInputsAndOutputs=True))
        return answer.orchestrationState if answer.exists else None

    def status(self, instance_id: str) -> str | None:
        found = self.state(instance_id)
        return None if found is None else status_name(found.orchestrationStatus)

    def history(self, instance_id: str) -> list[Any]:
        request = pb.StreamInstanceHistoryRequest(instanceId=instance_id)
        chunks = self.stub.StreamInstanceHistory(request, metadata=self.metadata, timeout=60)
        return [event for chunk in chunks for event in chunk.events]

    def worker(self, worker_id: str, **fields: Any) -> "RawWorker":
        return RawWorker(self, worker_id, fields)

    def close(self) -> None:
        self._channel.close()


def status_name(status: Any) -> str:
    return pb.OrchestrationStatus.Name(status).removeprefix("ORCHESTRATION_STATUS_")


class RawWorker:
    """A GetWorkItems stream whose items the test looks at one by one."""

    def __init__(self, wire: Wire, worker_id: str, fields: dict[str, Any]) -> None:
        self._wire = wire
        self._items: queue.Queue[Any] = queue.Queue()
        request = pb.GetWorkItemsRequest(**fields)
        metadata = [*wire.metadata, ("workerid", worker_id)]
        self._stream = wire.stub.GetWorkItems(request, metadata=metadata)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        try:
            for item in self._stream:
                self._items.put(item)
        except grpc.RpcError:
            pass

    def next(self, kind: str, timeout: float | None = None) -> Any:
        """The next item, which must be of this kind."""
        item = self._next_item(timeout)
        while item.HasField("healthPing") and kind != "healthPing":
            item = self._next_item(timeout)
        assert item.WhichOneof("request") == kind, item
        return item

    def turn(self, timeout: float | None = None) -> Any:
        return self.next("orchestratorRequest", timeout)

    def activity(self) -> Any:
        return self.next("activityRequest")

    def batch(self) -> Any:
        return self.next("entityRequestV2")

    def nothing(self, seconds: float = 0.4) -> bool:
        """Whether no work comes for a while."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                if not self._items.get(timeout=left).HasField("healthPing"):
                    return False
            except queue.Empty:
                break
        return True

    def next_any(self) -> Any:
        """The next work item of whatever kind."""
        item = self._next_item()
        while item.HasField("healthPing"):
            item = self._next_item()
        return item

    def _next_item(self, timeout: float | None = None) -> Any:
        return self._items.get(timeout=self._wire.patience_s if timeout is None else timeout)

    def rest(self, seconds: float) -> list[Any]:
        """Everything that comes within a time."""
        found: list[Any] = []
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                found.append(self._items.get(timeout=left))
            except queue.Empty:
                break
        return found

    def two(self) -> list[str]:
        """The kinds of the next two work items, sorted."""
        return sorted(self.next_any().WhichOneof("request") for _ in range(2))

    def end_turn(self, item: Any, *actions: Any, status: str | None = None) -> None:
        self._wire(
            "CompleteOrchestratorTask",
            pb.OrchestratorResponse(
                instanceId=item.orchestratorRequest.instanceId, actions=actions,
                completionToken=item.completionToken, customStatus=text(status),
            ),
        )  # fmt: skip

    def end_activity(self, item: Any, result: str | None) -> None:
        request = item.activityRequest
        self._wire(
            "CompleteActivityTask",
            pb.ActivityResponse(
                instanceId=request.orchestrationInstance.instanceId, taskId=request.taskId, result=text(result),
                completionToken=item.completionToken,
            ),
        )  # fmt: skip

    def end_batch(self, item: Any, state: str | None, results: Sequence[str | None] = (), actions: Any = ()) -> None:
        count = len(item.entityRequestV2.operationRequests)
        answers = list(results) or [None] * count
        self._wire(
            "CompleteEntityTask",
            pb.EntityBatchResult(
                results=[pb.OperationResult(success=pb.OperationResultSuccess(result=text(r))) for r in answers],
                entityState=text(state), completionToken=item.completionToken, actions=actions,
            ),
        )  # fmt: skip

    def drop(self) -> None:
        """Ends the stream without finishing anything, as a killed process does."""
        self._stream.cancel()
        self._reader.join(PATIENCE_S)


def eventually(condition: Callable[[], Any], timeout: float = PATIENCE_S) -> Any:
    """The first true answer; raises AssertionError when there is none in time."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.02)
    raise AssertionError("It has not happened in time.")


@contextmanager
def sdk_worker(
    address: str, *functions: Callable[..., Any], hub: str = "default", setup: Callable[[Any], None] | None = None
) -> Generator[DurableTaskSchedulerWorker]:
    """An SDK worker; a function's first parameter tells what it is: ctx, activity or entity."""
    worker = DurableTaskSchedulerWorker(
        host_address=address, taskhub=hub, token_credential=None, secure_channel=False, logger=QUIET
    )
    for function in functions:
        first = function.__code__.co_varnames[0]
        if first == "ctx":
            worker.add_orchestrator(function)
        elif first == "activity":
            worker.add_activity(function)
        else:
            worker.add_entity(function)
    if setup is not None:
        setup(worker)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()


@contextmanager
def sdk_client(address: str, hub: str = "default") -> Generator[DurableTaskSchedulerClient]:
    client = DurableTaskSchedulerClient(
        host_address=address, taskhub=hub, token_credential=None, secure_channel=False, logger=QUIET
    )
    try:
        yield client
    finally:
        client.close()
