"""RPCs of clients about single orchestrations."""

from local.scheduler.operations import instances
from local.scheduler.operations.context import OperationContext
from local.scheduler.operations.limits import check_id, check_size
from local.scheduler.protocol.wire import optional_text, pb
from local.scheduler.services.calls import Call
from local.scheduler.services.responses import orchestration_state
from local.scheduler.services.service import Service
from local.scheduler.store.rows import Instance, Payload, Status


class Orchestrations(Service):
    """What clients do with single orchestrations."""

    async def StartInstance(self, request: pb.CreateInstanceRequest, call: Call) -> pb.CreateInstanceResponse:  # noqa: N802
        hub = await self._hub(call)
        row = await self._engine.perform(lambda context: instances.start(context, hub, request))
        return pb.CreateInstanceResponse(instanceId=row.id)

    async def GetInstance(self, request: pb.GetInstanceRequest, call: Call) -> pb.GetInstanceResponse:  # noqa: N802
        hub = await self._hub(call)
        return await self._engine.lookup(lambda context: self._look(context, hub, request)[0])

    def _look(
        self, context: OperationContext, hub: int, request: pb.GetInstanceRequest
    ) -> tuple[pb.GetInstanceResponse, Instance | None]:
        row = context.store.find_instance(hub, request.instanceId)
        if row is None:
            check_id(request.instanceId)
            return pb.GetInstanceResponse(exists=False), None
        payload = (
            context.store.payload(row.key) if request.getInputsAndOutputs or row.ended else Payload(None, None, None)
        )
        state = orchestration_state(row, payload, payloads=request.getInputsAndOutputs)
        return pb.GetInstanceResponse(exists=True, orchestrationState=state), row

    async def WaitForInstanceStart(self, request: pb.GetInstanceRequest, call: Call) -> pb.GetInstanceResponse:  # noqa: N802
        return await self._wait(request, call, until_ended=False)

    async def WaitForInstanceCompletion(  # noqa: N802
        self, request: pb.GetInstanceRequest, call: Call
    ) -> pb.GetInstanceResponse:
        return await self._wait(request, call, until_ended=True)

    async def _wait(self, request: pb.GetInstanceRequest, call: Call, *, until_ended: bool) -> pb.GetInstanceResponse:
        hub = await self._hub(call)
        waiters = self._engine.dispatcher.waiters
        while True:
            changed = waiters.add(hub, request.instanceId)
            try:
                answer, row = await self._engine.lookup(lambda context: self._look(context, hub, request))
                if row is None or row.ended or (not until_ended and row.status != Status.PENDING):
                    return answer
                await changed
            finally:
                waiters.remove(hub, request.instanceId, changed)

    async def RaiseEvent(self, request: pb.RaiseEventRequest, call: Call) -> pb.RaiseEventResponse:  # noqa: N802
        hub = await self._hub(call)

        def act(context: OperationContext) -> None:
            payload = optional_text(request, "input")
            check_size(context, f"The event '{request.name}'", payload)
            row = instances.require(context, hub, request.instanceId)
            instances.raise_event(context, row, request.name, payload)

        await self._engine.perform(act)
        return pb.RaiseEventResponse()

    async def SuspendInstance(self, request: pb.SuspendRequest, call: Call) -> pb.SuspendResponse:  # noqa: N802
        hub = await self._hub(call)
        reason = optional_text(request, "reason")
        await self._engine.perform(
            lambda context: instances.suspend(context, instances.require(context, hub, request.instanceId), reason)
        )
        return pb.SuspendResponse()

    async def ResumeInstance(self, request: pb.ResumeRequest, call: Call) -> pb.ResumeResponse:  # noqa: N802
        hub = await self._hub(call)
        reason = optional_text(request, "reason")
        await self._engine.perform(
            lambda context: instances.resume(context, instances.require(context, hub, request.instanceId), reason)
        )
        return pb.ResumeResponse()

    async def TerminateInstance(self, request: pb.TerminateRequest, call: Call) -> pb.TerminateResponse:  # noqa: N802
        hub = await self._hub(call)

        def act(context: OperationContext) -> None:
            output = optional_text(request, "output")
            check_size(context, "The output", output)
            row = instances.require(context, hub, request.instanceId)
            instances.terminate(context, row, output, recursive=request.recursive)

        await self._engine.perform(act)
        return pb.TerminateResponse()

    async def SkipGracefulOrchestrationTerminations(  # noqa: N802
        self, request: pb.SkipGracefulOrchestrationTerminationsRequest, call: Call
    ) -> pb.SkipGracefulOrchestrationTerminationsResponse:
        hub = await self._hub(call)
        reason = optional_text(request, "reason")

        def act(context: OperationContext) -> list[str]:
            check_size(context, "The reason", reason)
            left: list[str] = []
            for instance_id in request.instanceBatch.instanceIds:
                row = context.store.find_instance(hub, instance_id)
                if row is None or row.ended:
                    left.append(instance_id)
                else:
                    instances.end_now(context, row, reason)
            return left

        left = await self._engine.perform(act)
        return pb.SkipGracefulOrchestrationTerminationsResponse(unterminatedInstanceIds=left)

    async def RewindInstance(self, request: pb.RewindInstanceRequest, call: Call) -> pb.RewindInstanceResponse:  # noqa: N802
        hub = await self._hub(call)
        reason = optional_text(request, "reason")
        await self._engine.perform(
            lambda context: instances.rewind(context, instances.require(context, hub, request.instanceId), reason)
        )
        return pb.RewindInstanceResponse()

    async def RestartInstance(self, request: pb.RestartInstanceRequest, call: Call) -> pb.RestartInstanceResponse:  # noqa: N802
        hub = await self._hub(call)
        new_id = request.restartWithNewInstanceId
        started = await self._engine.perform(
            lambda context: instances.restart(context, hub, request.instanceId, new_id=new_id)
        )
        return pb.RestartInstanceResponse(instanceId=started)
