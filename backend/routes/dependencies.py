"""What the routes work with, and how they get at it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.requests import HTTPConnection

from backend.auth.identity import Authenticator, Identity
from backend.live.feed import CaseFeed
from backend.live.pulse import Pulse
from backend.live.stream import EventStream
from backend.routes.facts import IngestStatus, PublicConfig
from backend.services.cases import CaseOpening
from backend.services.decisions import Deciding
from backend.services.errors import WrongMediaType
from backend.services.scheduler import Scheduler
from backend.threads import Threads
from casebook.repository import CaseBook
from contracts.model import Contract

BodyT = TypeVar("BodyT", bound=Contract)


@dataclass(frozen=True)
class Desk:
    """The parts of a running backend, wired in `main`."""

    casebook: CaseBook
    threads: Threads
    scheduler: Scheduler
    opening: CaseOpening
    deciding: Deciding
    feed: CaseFeed
    pulse: Pulse
    stream: EventStream
    authenticator: Authenticator
    public_config: PublicConfig


def _desk(connection: HTTPConnection) -> Desk:
    return connection.app.state.desk


DeskDep = Annotated[Desk, Depends(_desk)]


def _ingest_status(connection: HTTPConnection) -> IngestStatus:
    return connection.app.state.ingest_status()


IngestStatusDep = Annotated[IngestStatus, Depends(_ingest_status)]


async def _identity(connection: HTTPConnection, desk: DeskDep) -> Identity:
    return await desk.authenticator.identify(connection)


IdentityDep = Annotated[Identity, Depends(_identity)]


def strict_json(model: type[BodyT]) -> Callable[[Request], Awaitable[None]]:
    """A dependency that lets a body pass only as JSON of exactly the model's types: `"12"` is no number.

    The framework validates what `json.loads` made of the body and has to be lax about types then; this looks at
    the JSON itself. Insisting on the content type also keeps out forms that foreign pages post.
    """

    async def check(request: Request) -> None:
        given = request.headers.get("content-type", "")
        if given.partition(";")[0].strip().lower() != "application/json":
            raise WrongMediaType(given)
        try:
            model.model_validate_json(await request.body(), strict=True)
        except ValidationError as error:
            faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors(include_url=False)]
            raise RequestValidationError(faults) from error

    return check
