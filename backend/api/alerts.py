"""`/api/alerts`: the alerts that detection or people raised."""

from fastapi import APIRouter

from backend.api.cases import Cursor, Limit
from backend.api.dependencies import ServicesDep
from backend.http.problem import documented
from casebook.queries.cursors import AlertPage

router = APIRouter(prefix="/api/alerts", tags=["alerts"])


@router.get("", operation_id="list_alerts", summary="List alerts", responses=documented(422, 503))
async def list_alerts(services: ServicesDep, limit: Limit = 50, cursor: Cursor = None) -> AlertPage:
    """Alerts, newest first, each with the case that it opened or joined."""
    return await services.workspace.list_alerts(limit=limit, cursor=cursor)
