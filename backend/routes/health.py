"""`/healthz` and `/ready`: for whoever runs the process."""

from typing import Literal

from fastapi import APIRouter, Response

from backend.routes.dependencies import Desk, DeskDep
from backend.services.errors import SchedulerUnavailable
from casebook.errors import CasebookUnavailable
from contracts.model import Contract

router = APIRouter(tags=["operations"])

OK = "ok"


class Health(Contract):
    """The process is alive."""

    status: Literal["ok"]


class ReadyParts(Contract):
    """Each `ok`, or a sentence that says what is wrong."""

    casebook: str
    scheduler: str


class Readiness(Contract):
    """Whether everything that the backend needs can be reached."""

    status: Literal["ready", "not_ready"]
    parts: ReadyParts


@router.get("/healthz", operation_id="get_health", summary="Is the process alive?")
async def get_health() -> Health:
    """Answers as long as the process lives, whatever it waits for."""
    return Health(status="ok")


@router.get(
    "/ready",
    operation_id="get_readiness",
    summary="Can it do its work?",
    responses={503: {"model": Readiness, "description": "A part cannot be reached"}},
)
async def get_readiness(desk: DeskDep, response: Response) -> Readiness:
    """Whether casebook and scheduler can be reached; names the part that cannot."""
    parts = ReadyParts(casebook=await _casebook(desk), scheduler=await _scheduler(desk))
    ready = parts == ReadyParts(casebook=OK, scheduler=OK)
    response.status_code = 200 if ready else 503
    return Readiness(status="ready" if ready else "not_ready", parts=parts)


async def _casebook(desk: Desk) -> str:
    try:
        await desk.threads.run(desk.casebook.last_seq)
    except CasebookUnavailable as error:
        return error.sentence
    return OK


async def _scheduler(desk: Desk) -> str:
    try:
        await desk.scheduler.probe()
    except SchedulerUnavailable as error:
        return str(error)
    return OK
