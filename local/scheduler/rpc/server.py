"""The gRPC server: which method reads which message, and how errors become statuses."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn, TypeAlias, TypeVar

import grpc
import grpc.aio
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError, Message

from local.scheduler.errors import BadRequest, CannotOpen, SchedulerError
from local.scheduler.metrics import Metrics
from local.scheduler.protocol.wire import pb
from local.scheduler.rpc.calls import Context, GrpcCall
from local.scheduler.services.calls import Call
from local.scheduler.services.servicer import Servicer
from runtime.listening import CannotListen, listen

M = TypeVar("M", bound=Message)
SERVICE = "TaskHubSidecarService"
log = logging.getLogger("casewright.scheduler")

ANOTHER_PORT = "choose another with --port"
RECEIVE_LIMIT = 64 * 1024 * 1024
MESSAGE_CHARACTERS = 1000  # of an error: it travels in a header
OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.so_reuseport", 0),  # a second scheduler on the same port is a mistake
    ("grpc.max_receive_message_length", RECEIVE_LIMIT),
    ("grpc.max_send_message_length", -1),
    # A connection that is silent is asked whether its client is still there.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.ping_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    # Clients may ask as often as they like.
    ("grpc.http2.max_ping_strikes", 0),
)

Handler = Callable[[bytes, Context], Awaitable[Any]]
Method: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

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

STREAMED: dict[str, type[Message]] = {
    "GetWorkItems": pb.GetWorkItemsRequest,
    "StreamInstanceHistory": pb.StreamInstanceHistoryRequest,
}


async def _refuse(context: Context, error: Exception) -> NoReturn:
    if isinstance(error, SchedulerError):
        if error.code in (grpc.StatusCode.DATA_LOSS, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED):
            log.error("%s", error)
        await context.abort(error.code, str(error)[:MESSAGE_CHARACTERS])
    log.error("A request failed for a reason that is a mistake in the scheduler.", exc_info=error)
    await context.abort(grpc.StatusCode.INTERNAL, f"The scheduler made a mistake: {error!r}"[:MESSAGE_CHARACTERS])


def _parse(kind: type[M], message: bytes) -> M:
    try:
        return kind.FromString(message)
    except DecodeError as error:
        raise BadRequest(f"The request is not a valid {kind.DESCRIPTOR.name} message.") from error


class Server:
    """The listening server."""

    def __init__(self, servicer: Servicer, metrics: Metrics, host: str, port: int) -> None:
        """Port 0 takes any free one; see `port`. Raises CannotOpen."""
        self._metrics = metrics
        self._server = grpc.aio.server(options=OPTIONS)
        self._server.add_generic_rpc_handlers((_Router(self._handlers(servicer)),))
        self.port = self._listen(host, port)

    def _listen(self, host: str, port: int) -> int:
        address = f"[{host}]" if ":" in host else host
        try:
            # gRPC does not tell why it cannot listen.
            listen(host, port, instead=ANOTHER_PORT).close()
            return self._server.add_insecure_port(f"{address}:{port}")
        except CannotListen as error:
            raise CannotOpen(str(error)) from error
        except RuntimeError as error:
            raise CannotOpen(str(CannotListen(host, port, "gRPC refuses", ANOTHER_PORT))) from error

    def _handlers(self, servicer: Servicer) -> dict[str, Method]:
        """All 29 methods by path."""
        methods: dict[str, Method] = {}
        for name, kind in UNARY.items():
            handle: Any = self._unary(name, kind, getattr(servicer, name))
            methods[f"/{SERVICE}/{name}"] = grpc.unary_unary_rpc_method_handler(handle)
        for name, kind in STREAMED.items():
            handle = self._stream(name, kind, getattr(servicer, name))
            methods[f"/{SERVICE}/{name}"] = grpc.unary_stream_rpc_method_handler(handle)
        return methods

    def _unary(self, name: str, kind: type[M], method: Callable[[M, Call], Awaitable[Message]]) -> Handler:
        async def handle(message: bytes, context: Context) -> bytes:
            self._metrics.count_call(name)
            try:
                answer = await method(_parse(kind, message), GrpcCall(context, self.port))
            except Exception as error:
                self._metrics.count_refusal(name)
                await _refuse(context, error)
            return answer.SerializeToString()

        return handle

    def _stream(self, name: str, kind: type[M], method: Callable[[M, Call], Awaitable[None]]) -> Handler:
        async def handle(message: bytes, context: Context) -> None:
            self._metrics.count_call(name)
            try:
                await method(_parse(kind, message), GrpcCall(context, self.port))
            except Exception as error:
                self._metrics.count_refusal(name)
                await _refuse(context, error)

        return handle

    async def start(self) -> None:
        """Begins to serve."""
        await self._server.start()

    async def stop(self, grace: float) -> None:
        """Stops serving; calls that are under way have `grace` seconds to finish."""
        await self._server.stop(grace)


class _Router(grpc.GenericRpcHandler):
    """Finds the method of a path, whatever the path is."""

    def __init__(self, methods: dict[str, Method]) -> None:
        self._methods = methods

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Method:
        path = handler_call_details.method
        return self._methods.get(path) or _unknown(path)


def _unknown(path: str) -> Method:
    async def refuse(_: bytes, context: Context) -> None:
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, f"This scheduler has no method '{path}'.")

    handle: Any = refuse
    return grpc.unary_unary_rpc_method_handler(handle)
