"""`/api/config` and `/api/ingest`: what this installation is, and what it reads."""

from fastapi import APIRouter

from backend.routes.dependencies import DeskDep, IdentityDep, IngestStatusDep
from backend.routes.facts import AppConfig, IngestStatus

router = APIRouter(prefix="/api", tags=["installation"])


@router.get("/config", operation_id="get_config", summary="Public facts")
async def get_config(desk: DeskDep, identity: IdentityDep) -> AppConfig:
    """What the UI needs to know about this installation and about who is using it."""
    return AppConfig(**desk.public_config.model_dump(), identity=identity)


@router.get("/ingest", operation_id="get_ingest", summary="What was read")
async def get_ingest(status: IngestStatusDep) -> IngestStatus:
    """Telemetry sources, events read, alerts per rule, and lines that could not be read, since the backend started."""
    return status
