"""`/api/service`: whether scheduler and workers are running."""

from fastapi import APIRouter

from backend.api.dependencies import ServicesDep
from backend.live.service_status import ServiceStatus

router = APIRouter(prefix="/api/service", tags=["events"])


@router.get("", operation_id="get_service", summary="Is everything at work?")
async def get_service(services: ServicesDep) -> ServiceStatus:
    """What the last look found, at most a few seconds ago; each change comes as `event: service` of the stream."""
    return services.monitor.status
