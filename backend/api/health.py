"""`/healthz` and `/ready`: health checks for whoever operates the process."""

from fastapi import APIRouter, Response

from backend.api.dependencies import Services, ServicesDep
from backend.http.problem import RETRY_AFTER
from backend.http.readiness import Health, Readiness, ReadyParts
from backend.services.errors import SchedulerUnavailable

router = APIRouter(tags=["operations"])

OK = "ok"


@router.get("/healthz", operation_id="get_health", summary="Is the process alive?")
async def get_health() -> Health:
    """Answers as long as the process lives, whatever it waits for."""
    return Health(status="ok")


@router.get(
    "/ready",
    operation_id="get_readiness",
    summary="Can it do its work?",
    responses={503: {"model": Readiness, "description": "A part does not do its work"}},
)
async def get_readiness(services: ServicesDep, response: Response) -> Readiness:
    """Whether the casebook can be written and the scheduler be reached; says of each part what is wrong with it."""
    parts = ReadyParts(casebook=await _casebook(services), scheduler=await _scheduler(services))
    ready = parts == ReadyParts(casebook=OK, scheduler=OK)
    if not ready:
        response.status_code = 503
        response.headers.update(RETRY_AFTER)
    return Readiness(status="ready" if ready else "not_ready", parts=parts)


async def _casebook(services: Services) -> str:
    return await services.readiness.fault() or OK


async def _scheduler(services: Services) -> str:
    try:
        await services.scheduler.probe()
    except SchedulerUnavailable as error:
        return str(error)
    return OK
