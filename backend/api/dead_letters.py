"""`/api/telemetry/dead-letters`: telemetry that was not evaluated. Managers and admins only."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from backend.api.cases import Cursor, Limit
from backend.api.dependencies import CurrentIdentity, ServicesDep, strict_json
from backend.http.problem import documented
from casebook.queries.telemetry_dead_letters import LetterQuery
from contracts.telemetry_dead_letters import (
    DeadLetterCounts,
    DeadLetterKind,
    LetterChoice,
    LetterDrop,
    LettersChanged,
    TelemetryDeadLetterPage,
)

router = APIRouter(prefix="/api/telemetry/dead-letters", tags=["telemetry"])

SourceName = Annotated[str | None, Query(max_length=500, description="Only of this source")]
Kind = Annotated[DeadLetterKind | None, Query(description="Only of this kind of reason")]


@router.get(
    "",
    operation_id="list_telemetry_dead_letters",
    summary="Telemetry that was not evaluated",
    responses=documented(401, 403, 422, 503),
)
async def list_dead_letters(
    services: ServicesDep, source: SourceName = None, kind: Kind = None, limit: Limit = 50, cursor: Cursor = None
) -> TelemetryDeadLetterPage:
    """What is kept of it, the newest first."""
    return await services.dead_letters.list_letters(LetterQuery(source=source, kind=kind), limit=limit, cursor=cursor)


@router.get(
    "/counts",
    operation_id="count_telemetry_dead_letters",
    summary="How much telemetry was not evaluated",
    responses=documented(401, 403, 503),
)
async def count_dead_letters(services: ServicesDep) -> DeadLetterCounts:
    """By source and kind of reason, also what is not kept, with the place of the last one. The most frequent first."""
    return await services.dead_letters.counts()


@router.post(
    "/retry",
    operation_id="retry_telemetry_dead_letters",
    summary="Try telemetry again",
    responses=documented(401, 403, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(LetterChoice))],
)
async def retry_dead_letters(order: LetterChoice, services: ServicesDep, identity: CurrentIdentity) -> LettersChanged:
    """Have a process that reads telemetry parse and judge them again; each shows the result. Logged."""
    return LettersChanged(count=await services.dead_letters.request_retry(order, identity.subject))


@router.post(
    "/drop",
    operation_id="drop_telemetry_dead_letters",
    summary="Forget telemetry that was not evaluated",
    responses=documented(401, 403, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(LetterDrop))],
)
async def drop_dead_letters(order: LetterDrop, services: ServicesDep, identity: CurrentIdentity) -> LettersChanged:
    """Forget what is kept of them, for a reason. The counts stay. Logged."""
    return LettersChanged(count=await services.dead_letters.drop(order, identity.subject))
