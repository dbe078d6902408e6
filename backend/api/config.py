"""`/api/config` and `/api/ingest`: public settings, and the state of the telemetry sources."""

from fastapi import APIRouter

from backend.api.dependencies import IngestStatusDep, ServicesDep
from backend.services.installation import IngestStatus, PublicConfig

router = APIRouter(prefix="/api/config", tags=["installation"])
ingest_router = APIRouter(prefix="/api/ingest", tags=["installation"])


@router.get("", operation_id="get_config", summary="Public facts")
async def get_config(services: ServicesDep) -> PublicConfig:
    """What the web interface needs to know about this installation. `/api/session` says who uses it."""
    return services.public_config


@ingest_router.get("", operation_id="get_ingest", summary="What was read")
async def get_ingest(status: IngestStatusDep) -> IngestStatus:
    """Telemetry sources, events read, alerts per rule, and lines that could not be read, since the backend started."""
    return status
