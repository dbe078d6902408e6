"""Converts rows to the protocol's messages."""

import json

from local.scheduler.protocol.wire import pb, status_code, text, timestamp
from local.scheduler.store.rows import Entity, Instance, Payload


def orchestration_state(row: Instance, payload: Payload, *, payloads: bool) -> pb.OrchestrationState:
    """An instance as clients see it; input and output only with `payloads`."""
    failure = None if payload.failure is None else pb.TaskFailureDetails.FromString(payload.failure)
    return pb.OrchestrationState(
        instanceId=row.id,
        name=row.name,
        version=text(row.version),
        orchestrationStatus=status_code(row.status),
        scheduledStartTimestamp=None if row.start_at is None else timestamp(row.start_at),
        createdTimestamp=timestamp(row.created_at),
        lastUpdatedTimestamp=timestamp(row.updated_at),
        input=text(payload.input) if payloads else None,
        output=text(payload.output) if payloads else None,
        customStatus=text(row.custom_status),
        failureDetails=failure,
        executionId=text(row.execution_id),
        completedTimestamp=None if row.completed_at is None else timestamp(row.completed_at),
        parentInstanceId=text(row.parent_id),
        tags=json.loads(row.tags) if row.tags else None,
    )


def entity_metadata(entity: Entity, backlog: int, *, state: bool) -> pb.EntityMetadata:
    """An entity as clients see it."""
    return pb.EntityMetadata(
        instanceId=entity.id,
        lastModifiedTime=timestamp(entity.modified_at),
        backlogQueueSize=backlog,
        lockedBy=text(entity.lock_owner),
        serializedState=text(entity.state) if state else None,
    )
