"""The gRPC server: which method reads which message, and how errors become statuses."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError, Message

from local.scheduler.errors import BadRequest, CannotOpen, SchedulerError
from local.scheduler.http2.calls import Call, Handler
from local.scheduler.http2.listener import Listener
from local.scheduler.metrics import Metrics
from local.scheduler.servicer import Servicer
from local.scheduler.wire import pb

M = TypeVar("M", bound=Message)
SERVICE = "TaskHubSidecarService"
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

STREAMED: dict[str, type[Message]] = {
    "GetWorkItems": pb.GetWorkItemsRequest,
    "StreamInstanceHistory": pb.StreamInstanceHistoryRequest,
}


def _refuse(call: Call, error: Exception) -> None:
    if isinstance(error, SchedulerError):
        if error.code in (grpc.StatusCode.DATA_LOSS, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED):
            log.error("%s", error)
        call.fail(error.code, str(error))
        return
    log.error("A request failed for a reason that is a mistake in the scheduler.", exc_info=error)
    call.fail(grpc.StatusCode.INTERNAL, f"The scheduler made a mistake: {error!r}")


def _parse(kind: type[M], message: bytes) -> M:
    try:
        return kind.FromString(message)
    except DecodeError as error:
        raise BadRequest(f"The request is not a valid {kind.DESCRIPTOR.name} message.") from error


def _unary(name: str, kind: type[M], method: Callable[[M, Call], Awaitable[Message]], metrics: Metrics) -> Handler:
    async def handle(call: Call, message: bytes) -> None:
        metrics.count_call(name)
        try:
            answer = await method(_parse(kind, message), call)
        except Exception as error:
            metrics.count_refusal(name)
            _refuse(call, error)
        else:
            call.reply(answer.SerializeToString())

    return handle


def _stream(name: str, kind: type[M], method: Callable[[M, Call], Awaitable[None]], metrics: Metrics) -> Handler:
    async def handle(call: Call, message: bytes) -> None:
        metrics.count_call(name)
        try:
            await method(_parse(kind, message), call)
        except Exception as error:
            metrics.count_refusal(name)
            _refuse(call, error)
        else:
            call.finish()

    return handle


async def _unknown(call: Call, message: bytes) -> None:
    del message
    call.fail(grpc.StatusCode.UNIMPLEMENTED, f"This scheduler has no method '{call.path}'.")


def handlers(servicer: Servicer, metrics: Metrics) -> dict[str, Handler]:
    """All 29 methods by path."""
    methods: dict[str, Handler] = {
        f"/{SERVICE}/{name}": _unary(name, kind, getattr(servicer, name), metrics) for name, kind in UNARY.items()
    }
    for name, kind in STREAMED.items():
        methods[f"/{SERVICE}/{name}"] = _stream(name, kind, getattr(servicer, name), metrics)
    return methods


class Server:
    """The listening server."""

    def __init__(self, servicer: Servicer, metrics: Metrics, host: str, port: int) -> None:
        """Port 0 takes any free one; see `port`. Raises CannotOpen."""
        methods = handlers(servicer, metrics)
        try:
            self._listener = Listener(lambda path: methods.get(path, _unknown), host, port)
        except OSError as error:
            raise CannotOpen(
                f"Port {port} on {host} cannot be opened ({error.strerror}; is another scheduler running?): "
                "stop what uses it, or choose another with --port."
            ) from error
        self.port = self._listener.port

    async def start(self) -> None:
        """Begins to serve."""
        await self._listener.start()

    async def stop(self, grace: float) -> None:
        """Stops serving; calls that are under way have `grace` seconds to finish."""
        await self._listener.stop(grace)
