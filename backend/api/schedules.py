"""`/api/schedules`: what is done at fixed times, and who may pause it or do it by hand."""

from typing import Annotated

from fastapi import APIRouter, Path

from backend.api.dependencies import CurrentIdentity, ServicesDep
from backend.http.problem import documented
from contracts.schedules import RESET_COUNTS, Schedule, ScheduleList

router = APIRouter(prefix="/api/schedules", tags=["schedules"])

ScheduleName = Annotated[str, Path(description=f"`{RESET_COUNTS}`")]


@router.get("", operation_id="list_schedules", summary="All schedules", responses=documented(401, 403, 503))
async def list_schedules(services: ServicesDep) -> ScheduleList:
    """What is done at fixed times: when it ran last and runs next, and whether it is paused."""
    listed = await services.schedule_record.list_schedules()
    return ScheduleList(items=tuple(_shown(services, each) for each in listed.items))


@router.post(
    "/{schedule_id}/pause",
    operation_id="pause_schedule",
    summary="Pause a schedule",
    responses=documented(401, 403, 404, 503),
)
async def pause_schedule(schedule_id: ScheduleName, services: ServicesDep, identity: CurrentIdentity) -> Schedule:
    """Let nothing be due until it is resumed; one that is paused stays so. Managers only; the change is logged."""
    paused = await services.schedule_record.pause(schedule_id, identity.subject)
    services.schedules.wake()
    return _shown(services, paused)


@router.post(
    "/{schedule_id}/resume",
    operation_id="resume_schedule",
    summary="Resume a schedule",
    responses=documented(401, 403, 404, 503),
)
async def resume_schedule(schedule_id: ScheduleName, services: ServicesDep, identity: CurrentIdentity) -> Schedule:
    """Let it run again, from the next midnight on: what was due meanwhile is not made up for. Managers only; logged."""
    resumed = await services.schedule_record.resume(schedule_id, identity.subject)
    services.schedules.wake()
    return _shown(services, resumed)


@router.post(
    "/{schedule_id}/trigger",
    operation_id="trigger_schedule",
    summary="Run a schedule now",
    responses=documented(401, 403, 404, 503),
)
async def trigger_schedule(schedule_id: ScheduleName, services: ServicesDep, identity: CurrentIdentity) -> Schedule:
    """Do now what it does, paused or not. The run at the next midnight comes all the same. Managers only; logged."""
    return _shown(services, await services.schedule_record.run_by_hand(schedule_id, identity.subject))


def _shown(services: ServicesDep, schedule: Schedule) -> Schedule:
    return schedule.model_copy(update={"is_armed": services.schedules.is_armed(schedule.schedule_id)})
