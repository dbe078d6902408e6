"""The gRPC server: which method reads and writes which message, and how errors become statuses."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, NoReturn

import grpc
import grpc.aio
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from local.scheduler.errors import CannotOpen, SchedulerError
from local.scheduler.metrics import Metrics
from local.scheduler.servicer import Context, Servicer
from local.scheduler.wire import pb, to_bytes

SERVICE = "TaskHubSidecarService"
RECEIVE_LIMIT = 64 * 1024 * 1024
log = logging.getLogger("casewright.scheduler")

UNARY: dict[str, type[Message]] = {
    "Hello": Empty,
    "StartInstance": pb.CreateInstanceRequest,
    "GetInstance": pb.GetInstanceRequest,
    "RewindInstance": pb.RewindInstanceRequest,
    "RestartInstance": pb.RestartInstanceRequest,
    "WaitForInstanceStart": pb.GetInstanceRequest,
    "WaitForInstanceCompletion": pb.GetInstanceRequest,
    "RaiseEvent": pb.RaiseEventRequest,
    "TerminateInstance": pb.TerminateRequest,
    "SuspendInstance": pb.SuspendRequest,
    "ResumeInstance": pb.ResumeRequest,
    "QueryInstances": pb.QueryInstancesRequest,
    "ListInstanceIds": pb.ListInstanceIdsRequest,
    "PurgeInstances": pb.PurgeInstancesRequest,
    "CompleteActivityTask": pb.ActivityResponse,
    "CompleteOrchestratorTask": pb.OrchestratorResponse,
    "CompleteEntityTask": pb.EntityBatchResult,
    "CreateTaskHub": pb.CreateTaskHubRequest,
    "DeleteTaskHub": pb.DeleteTaskHubRequest,
    "SignalEntity": pb.SignalEntityRequest,
    "GetEntity": pb.GetEntityRequest,
    "QueryEntities": pb.QueryEntitiesRequest,
    "CleanEntityStorage": pb.CleanEntityStorageRequest,
    "AbandonTaskActivityWorkItem": pb.AbandonActivityTaskRequest,
    "AbandonTaskOrchestratorWorkItem": pb.AbandonOrchestrationTaskRequest,
    "AbandonTaskEntityWorkItem": pb.AbandonEntityTaskRequest,
    "SkipGracefulOrchestrationTerminations": pb.SkipGracefulOrchestrationTerminationsRequest,
}


async def _refuse(context: Context, error: Exception) -> NoReturn:
    if isinstance(error, SchedulerError):
        if error.code in (grpc.StatusCode.DATA_LOSS, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED):
            log.error("%s", error)
        await context.abort(error.code, str(error))
    log.exception("A request failed for a reason that is a mistake in the scheduler.", exc_info=error)
    await context.abort(grpc.StatusCode.INTERNAL, f"The scheduler made a mistake: {error!r}")


def _unary(
    name: str, method: Callable[[Message, Context], Awaitable[Message]], metrics: Metrics
) -> Callable[[Message, Context], Awaitable[Message]]:
    async def handle(request: Message, context: Context) -> Message:
        metrics.count_call(name)
        try:
            return await method(request, context)
        except Exception as error:
            metrics.count_refusal(name)
            await _refuse(context, error)

    return handle


def _stream(
    name: str, method: Callable[[Message, Context], AsyncGenerator[bytes | Message]], metrics: Metrics
) -> Callable[[Message, Context], AsyncGenerator[bytes | Message]]:
    async def handle(request: Message, context: Context) -> AsyncGenerator[bytes | Message]:
        metrics.count_call(name)
        items = method(request, context)
        try:
            async for item in items:
                yield item
        except Exception as error:
            metrics.count_refusal(name)
            await _refuse(context, error)
        finally:
            # Leaving the loop does not close an async generator; a lost worker must be noticed now.
            await items.aclose()

    return handle


def _as_is(item: bytes) -> bytes:
    return item


def handlers(servicer: Servicer, metrics: Metrics) -> grpc.GenericRpcHandler:
    """All 29 methods. Work items are serialized by the dispatcher and go out as they are."""
    methods: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}
    for name, request in UNARY.items():
        methods[name] = grpc.unary_unary_rpc_method_handler(
            _unary(name, getattr(servicer, name), metrics),  # pyright: ignore[reportArgumentType] -- aio handler
            request_deserializer=request.FromString,
            response_serializer=to_bytes,
        )
    streams: tuple[tuple[str, type[Message], Any], ...] = (
        ("GetWorkItems", pb.GetWorkItemsRequest, _as_is),
        ("StreamInstanceHistory", pb.StreamInstanceHistoryRequest, to_bytes),
    )
    for name, request, serialize in streams:
        methods[name] = grpc.unary_stream_rpc_method_handler(
            _stream(name, getattr(servicer, name), metrics),  # pyright: ignore[reportArgumentType] -- aio handler
            request_deserializer=request.FromString,
            response_serializer=serialize,
        )
    return grpc.method_handlers_generic_handler(SERVICE, methods)


class Server:
    """The listening server."""

    def __init__(self, servicer: Servicer, metrics: Metrics, host: str, port: int) -> None:
        """Port 0 takes any free one; see `port`."""
        self._server = grpc.aio.server(
            options=[
                ("grpc.max_receive_message_length", RECEIVE_LIMIT),
                ("grpc.max_send_message_length", -1),
                ("grpc.so_reuseport", 0),
                ("grpc.keepalive_time_ms", 20_000),
                ("grpc.keepalive_timeout_ms", 10_000),
                ("grpc.http2.max_pings_without_data", 0),
                ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
                ("grpc.keepalive_permit_without_calls", 1),
            ]
        )
        self._server.add_generic_rpc_handlers((handlers(servicer, metrics),))
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            self.port = self._server.add_insecure_port(address)
        except RuntimeError:
            self.port = 0
        if self.port == 0:
            raise CannotOpen(
                f"Port {port} on {host} cannot be opened (is another scheduler running?): "
                "stop what uses it, or choose another with --port."
            )

    async def start(self) -> None:
        """Begins to serve."""
        await self._server.start()

    async def stop(self, grace: float) -> None:
        """Stops serving; calls that are under way have `grace` seconds to finish."""
        await asyncio.shield(self._server.stop(grace))
