"""The dependencies that routes declare: services, and the identity of the caller."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Request, Security
from fastapi.exceptions import RequestValidationError
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from pydantic import ValidationError
from starlette.requests import HTTPConnection

from backend.auth.errors import AuthError
from backend.auth.identity import Identity
from backend.auth.sessions import SESSION_COOKIE, LocalAuthenticator, Session
from backend.http.guard import SAFE_METHODS
from backend.http.json_errors import find_errors
from backend.lab.service import RuleLab
from backend.live.broadcast import Broadcast
from backend.live.change_feed import ChangeFeed
from backend.live.service_status import ServiceMonitor
from backend.live.sse import EventStream
from backend.services.access_recorder import AccessRecorder
from backend.services.assignments import AssignmentService
from backend.services.bulk import BulkActions
from backend.services.cases import CaseService
from backend.services.chat import ChatService
from backend.services.decisions import DecisionService
from backend.services.detection_rules import DetectionRuleService
from backend.services.errors import WrongMediaType
from backend.services.failed_orchestrations import FailedOrchestrations
from backend.services.installation import IngestStatus, PublicConfig
from backend.services.merges import MergeService
from backend.services.previews import PreviewService
from backend.services.readiness import ReadinessProbe
from backend.services.reopenings import ReopeningService
from backend.services.reversals import ReversalService
from backend.services.risk_score import RiskScoreService
from backend.services.schedule_keeper import ScheduleKeeper
from backend.services.scheduler import Scheduler
from backend.services.subscriptions import SubscriptionService
from backend.services.tasks import TaskService
from casebook.async_api import (
    AsyncAccesses,
    AsyncChat,
    AsyncDeadLetters,
    AsyncDesk,
    AsyncDetectionRules,
    AsyncDetectorStates,
    AsyncEvents,
    AsyncRelay,
    AsyncRiskScore,
    AsyncSchedules,
    AsyncSubscriptions,
    AsyncTasks,
    AsyncWorkspace,
)
from casebook.errors import NotAllowed
from contracts.base import Contract
from contracts.review import Role

BodyT = TypeVar("BodyT", bound=Contract)


@dataclass(frozen=True)
class Services:
    """What the routers call, wired once per process."""

    workspace: AsyncWorkspace
    record: AsyncRelay
    access_record: AsyncAccesses
    accesses: AccessRecorder
    desk: AsyncDesk
    assignments: AssignmentService
    failed: FailedOrchestrations
    scheduler: Scheduler
    cases: CaseService
    decisions: DecisionService
    reversals: ReversalService
    merges: MergeService
    reopenings: ReopeningService
    readiness: ReadinessProbe
    bulk: BulkActions
    previews: PreviewService
    chat_record: AsyncChat
    chat: ChatService
    task_record: AsyncTasks
    tasks: TaskService
    event_record: AsyncEvents
    dead_letters: AsyncDeadLetters
    detector_states: AsyncDetectorStates
    rule_record: AsyncDetectionRules
    rules: DetectionRuleService
    score_record: AsyncRiskScore
    risk_score: RiskScoreService
    lab: RuleLab
    schedule_record: AsyncSchedules
    schedules: ScheduleKeeper
    subscription_record: AsyncSubscriptions
    subscriptions: SubscriptionService
    change_feed: ChangeFeed
    broadcast: Broadcast
    event_stream: EventStream
    monitor: ServiceMonitor
    authenticator: LocalAuthenticator
    public_config: PublicConfig


# Asynchronous, though none of these waits for anything: the framework sends each one that is not through a thread.
async def _services(connection: HTTPConnection) -> Services:
    return connection.app.state.services


ServicesDep = Annotated[Services, Depends(_services)]


async def _ingest_status(connection: HTTPConnection) -> IngestStatus:
    return connection.app.state.ingest_status()


IngestStatusDep = Annotated[IngestStatus, Depends(_ingest_status)]


# They only read; the authenticator reports what is missing or wrong, as a problem document.
_COOKIE = APIKeyCookie(
    name=SESSION_COOKIE, scheme_name="session", description="Set by `POST /api/session`.", auto_error=False
)
_BEARER = HTTPBearer(scheme_name="bearer", description="A token of `POST /api/session/token`.", auto_error=False)


async def _token(
    cookie: Annotated[str | None, Security(_COOKIE)],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
) -> str | None:
    # A program that names itself means it, whatever a browser's jar holds.
    return bearer.credentials if bearer is not None else cookie


async def _session(services: ServicesDep, token: Annotated[str | None, Depends(_token)]) -> Session:
    return services.authenticator.session(token)


_SessionDep = Annotated[Session, Depends(_session)]


async def _identity(session: _SessionDep) -> Identity:
    return session.identity


CurrentIdentity = Annotated[Identity, Depends(_identity)]
"""Who is asking. Nobody signed in: the request is answered with 401."""


async def _session_seconds(services: ServicesDep, session: _SessionDep) -> float:
    return services.authenticator.seconds_left(session)


SessionSecondsDep = Annotated[float, Depends(_session_seconds)]
"""How long the caller's session is still valid: streams and sockets end with it."""


async def _known_identity(connection: HTTPConnection, services: ServicesDep) -> Identity | None:
    scheme, _, credentials = connection.headers.get("authorization", "").partition(" ")
    bearer = credentials if scheme.lower() == "bearer" else None
    try:
        return services.authenticator.identify(bearer or connection.cookies.get(SESSION_COOKIE))
    except AuthError:
        return None


KnownIdentityDep = Annotated[Identity | None, Depends(_known_identity)]
"""Who is asking, or None: for what everybody may ask."""


def _require(role: Role) -> Callable[[Identity], Awaitable[None]]:
    async def check(identity: CurrentIdentity) -> None:
        if not identity.may_act_as(role):
            raise NotAllowed(role)

    return check


RequireAnalyst = Depends(_require("analyst"))
"""For `dependencies=[…]` of a route: analysts, managers and admins; others are answered with 403."""
RequireManager = Depends(_require("manager"))
"""For `dependencies=[…]` of a route: managers and admins; others are answered with 403."""
RequireAdmin = Depends(_require("admin"))
"""For `dependencies=[…]` of a route: admins; others are answered with 403."""


async def _fence(connection: HTTPConnection, identity: CurrentIdentity) -> None:
    """What holds for every route that says nothing else: viewers read, analysts act."""
    acts = connection.scope.get("method", "GET") not in SAFE_METHODS
    required: Role = "analyst" if acts else "viewer"
    if not identity.may_act_as(required):
        raise NotAllowed(required)


Fenced = Depends(_fence)
"""For the routers of everything that is not open to everybody."""

Private = Depends(_require("viewer"))
"""For the routers of what people keep for themselves: everybody who may read may write their own."""


async def _channel(services: ServicesDep, known: KnownIdentityDep) -> Identity:
    if known is not None:
        return known
    return services.authenticator.channel


ChannelDep = Annotated[Identity, Depends(_channel)]
"""Who passes messages of customers on: a person who is signed in, or the channel of a local installation."""


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
            body = await request.body()
            model.model_validate_json(body, strict=True)
        except ValidationError as error:
            faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors(include_url=False)]
            raise RequestValidationError(faults) from error
        if faults := find_errors(body):
            raise RequestValidationError(faults)

    return check
