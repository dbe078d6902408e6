"""Task hubs."""

from google.protobuf.empty_pb2 import Empty

from local.scheduler.protocol.wire import pb
from local.scheduler.services.calls import Call
from local.scheduler.services.service import Service, hub_name


class TaskHubs(Service):
    """Task hubs."""

    async def Hello(self, request: Empty, call: Call) -> Empty:  # noqa: N802 -- the protocol's names
        del call
        return request

    async def CreateTaskHub(self, request: pb.CreateTaskHubRequest, call: Call) -> pb.CreateTaskHubResponse:  # noqa: N802
        name = hub_name(call)
        if request.recreateIfExists:
            await self._engine.create_hub(name)
            await self._engine.delete_hub(name)
        await self._engine.create_hub(name)
        return pb.CreateTaskHubResponse()

    async def DeleteTaskHub(self, request: pb.DeleteTaskHubRequest, call: Call) -> pb.DeleteTaskHubResponse:  # noqa: N802
        del request
        await self._engine.delete_hub(hub_name(call))
        return pb.DeleteTaskHubResponse()
