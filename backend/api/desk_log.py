"""`/api/desk-log`: what people changed that belongs to no case. Managers only."""

from fastapi import APIRouter

from backend.api.cases import Cursor, Limit
from backend.api.dependencies import ServicesDep
from backend.http.problem import documented
from contracts.desk_log import DeskChangePage

router = APIRouter(tags=["desk"])


@router.get(
    "/api/desk-log",
    operation_id="list_desk_changes",
    summary="What was changed of the desk",
    responses=documented(403, 422, 503),
)
async def list_desk_changes(services: ServicesDep, limit: Limit = 50, cursor: Cursor = None) -> DeskChangePage:
    """The newest changes of settings and saved views, oldest first, with the value before and after.

    `next_cursor` leads to those before them.
    """
    return await services.desk.changes(limit=limit, cursor=cursor)
