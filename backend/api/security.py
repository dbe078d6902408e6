"""`/api/security-log`: who signed in, was refused or took something away. Admins only."""

from typing import Annotated

from fastapi import APIRouter, Query

from backend.api.accesses import Subject
from backend.api.cases import Cursor, Limit
from backend.api.dependencies import CallerDep, CurrentIdentity, ServicesDep
from backend.http.problem import documented
from contracts.security import SecurityEventKind, SecurityEventPage

router = APIRouter(tags=["security"])


@router.get(
    "/api/security-log",
    operation_id="list_security_events",
    summary="The security log",
    responses=documented(403, 422, 503),
)
async def list_security_events(
    services: ServicesDep,
    identity: CurrentIdentity,
    caller: CallerDep,
    subject: Subject = None,
    kind: Annotated[SecurityEventKind | None, Query(description="Only what is of this kind")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> SecurityEventPage:
    """The newest lines, oldest first; `next_cursor` leads to those before them. That it was read is a line, too."""
    await services.security.read(identity.subject, caller.address, "GET /api/security-log")
    return await services.security_log.list(subject, kind, limit=limit, cursor=cursor)
