"""RPCs of clients about entities."""

from local.scheduler.operations import entities
from local.scheduler.operations.context import OperationContext
from local.scheduler.operations.limits import check_id, check_size
from local.scheduler.protocol.wire import micros, optional_text, pb, text
from local.scheduler.services.calls import Call
from local.scheduler.services.responses import entity_metadata
from local.scheduler.services.service import Service, how_many_fit, page_size
from local.scheduler.store.interface import EntityFilter


class Entities(Service):
    """What clients do with entities."""

    async def SignalEntity(self, request: pb.SignalEntityRequest, call: Call) -> pb.SignalEntityResponse:  # noqa: N802
        hub = await self._hub(call)

        def act(context: OperationContext) -> None:
            check_size(context, f"The signal '{request.name}'", optional_text(request, "input"))
            entities.signal_entity(context, hub, request)

        await self._engine.perform(act)
        return pb.SignalEntityResponse()

    async def GetEntity(self, request: pb.GetEntityRequest, call: Call) -> pb.GetEntityResponse:  # noqa: N802
        hub = await self._hub(call)

        def look(context: OperationContext) -> pb.GetEntityResponse:
            entity = context.store.find_entity(hub, request.instanceId)
            if entity is None:
                check_id(request.instanceId)
            if entity is None or entity.state is None:
                return pb.GetEntityResponse(exists=False)
            backlog = context.store.count_ops(entity.key)
            metadata = entity_metadata(entity, backlog, state=request.includeState)
            return pb.GetEntityResponse(exists=True, entity=metadata)

        return await self._engine.lookup(look)

    async def QueryEntities(self, request: pb.QueryEntitiesRequest, call: Call) -> pb.QueryEntitiesResponse:  # noqa: N802
        hub = await self._hub(call)
        query = request.query
        where = EntityFilter(
            hub,
            optional_text(query, "instanceIdStartsWith"),
            micros(query.lastModifiedFrom) if query.HasField("lastModifiedFrom") else None,
            micros(query.lastModifiedTo) if query.HasField("lastModifiedTo") else None,
            query.includeTransient,
        )
        limit = page_size(query.pageSize.value)
        after = optional_text(query, "continuationToken") or None
        page = await self._engine.read(lambda reader: reader.query_entities(where, after, limit))
        found = [entity_metadata(entity, backlog, state=query.includeState) for entity, backlog in page.items]
        fitting = how_many_fit(found)
        after = page.next if fitting == len(found) else found[fitting - 1].instanceId
        return pb.QueryEntitiesResponse(entities=found[:fitting], continuationToken=text(after))

    async def CleanEntityStorage(  # noqa: N802
        self, request: pb.CleanEntityStorageRequest, call: Call
    ) -> pb.CleanEntityStorageResponse:
        # Empty entities vanish by themselves and no lock outlives its holder: there is never anything to clean.
        del request, call
        return pb.CleanEntityStorageResponse()
