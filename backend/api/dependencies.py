"""The dependencies that routes declare: services, and the identity of the caller."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

from fastapi import Depends, Query, Request, Security
from fastapi.exceptions import RequestValidationError
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from pydantic import ValidationError
from starlette.requests import HTTPConnection

from backend.auth.callers import Callers, shown_by
from backend.auth.cookies import Cookies
from backend.auth.credentials import SESSION_COOKIE, Caller
from backend.auth.errors import AuthError, NotSignedIn
from backend.auth.identity import Identity
from backend.auth.oidc.sign_in import ProviderSignIn
from backend.auth.people import People
from backend.auth.sessions import Sessions
from backend.http import query_errors
from backend.http.admission import Admitted, identity_of, require_admitted
from backend.http.json_errors import NOT_UTF8, TOO_DEEP, find_errors, is_too_deep, is_utf8
from backend.lab.service import RuleLab
from backend.live.broadcast import Broadcast
from backend.live.change_feed import ChangeFeed
from backend.live.service_status import ServiceMonitor
from backend.live.session_watch import SessionWatch
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
from backend.services.masking import Masking
from backend.services.merges import MergeService
from backend.services.old_records import OldRecords
from backend.services.open_streams import OpenStreams
from backend.services.previews import PreviewService
from backend.services.rate_limits import RateLimits
from backend.services.readiness import ReadinessProbe
from backend.services.reopenings import ReopeningService
from backend.services.reversals import ReversalService
from backend.services.risk_score import RiskScoreService
from backend.services.schedule_keeper import ScheduleKeeper
from backend.services.scheduler import Scheduler
from backend.services.security_recorder import SecurityRecorder
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
    AsyncSecurityLog,
    AsyncSessions,
    AsyncSubscriptions,
    AsyncTasks,
    AsyncWorkspace,
)
from contracts.base import Contract
from contracts.sessions import SessionRecord

BodyT = TypeVar("BodyT", bound=Contract)


@dataclass(frozen=True)
class Services:
    """What the routers call, wired once per process."""

    workspace: AsyncWorkspace
    record: AsyncRelay
    access_record: AsyncAccesses
    accesses: AccessRecorder
    masking: Masking
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
    sessions: Sessions
    callers: Callers
    cookies: Cookies
    people: People
    provider_sign_in: ProviderSignIn | None
    """Where people sign in at a provider."""
    session_record: AsyncSessions
    session_watch: SessionWatch
    open_streams: OpenStreams
    rates: RateLimits
    security: SecurityRecorder
    security_log: AsyncSecurityLog
    public_config: PublicConfig
    old_records: OldRecords


# Asynchronous, though none of these waits for anything: the framework sends each one that is not through a thread.
async def _services(connection: HTTPConnection) -> Services:
    return connection.app.state.services


ServicesDep = Annotated[Services, Depends(_services)]


async def _ingest_status(connection: HTTPConnection) -> IngestStatus:
    return connection.app.state.ingest_status()


IngestStatusDep = Annotated[IngestStatus, Depends(_ingest_status)]


# They only describe: who asks was decided before.
_COOKIE = APIKeyCookie(
    name=SESSION_COOKIE,
    scheme_name="session",
    description="Set by `POST /api/session`, or at the end of a sign-in at the provider. Where the desk is at an "
    f"`https://` address, it is called `__Host-{SESSION_COOKIE}`.",
    auto_error=False,
)
_BEARER = HTTPBearer(scheme_name="bearer", description="A token of `POST /api/session/token`.", auto_error=False)


async def _describe_credentials(
    _cookie: Annotated[str | None, Security(_COOKIE)],
    _bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
) -> None:
    pass


NeedsSession = Depends(_describe_credentials)
"""For the routers of everything that is not open to everybody: so the OpenAPI document says it."""


async def _admitted(connection: HTTPConnection) -> Admitted:
    context = connection.scope["fastapi"]["effective_route_context"]
    # Of a socket the framework keeps the path elsewhere.
    path = context.path or context.starlette_route.path
    admitted = require_admitted(connection, f"{connection.scope.get('method', 'WS')} {path}")
    repeatable = query_errors.REPEATABLE.get(admitted.route, frozenset())
    if faults := query_errors.find_errors(connection.scope["query_string"], repeatable):
        raise RequestValidationError(faults)
    return admitted


_AdmittedDep = Annotated[Admitted, Depends(_admitted)]
EveryRoute = Depends(_admitted)
"""For the application: a route that is not in the table of who may ask for what answers nobody."""


async def _session(admitted: _AdmittedDep) -> SessionRecord:
    if admitted.session is None:
        raise NotSignedIn
    return admitted.session


SessionDep = Annotated[SessionRecord, Depends(_session)]
"""The caller's session. Streams and sockets end with it."""


async def _identity(session: SessionDep) -> Identity:
    return identity_of(session)


CurrentIdentity = Annotated[Identity, Depends(_identity)]
"""Who is asking."""


async def _known_session(
    connection: HTTPConnection, services: ServicesDep, admitted: _AdmittedDep
) -> SessionRecord | None:
    shown = shown_by(connection, services.cookies)
    if admitted.session is not None or shown.secret is None:
        return admitted.session
    try:
        return await services.callers.find(shown, admitted.caller)
    except AuthError:
        return None


KnownSessionDep = Annotated[SessionRecord | None, Depends(_known_session)]
"""The caller's session, or None: for what everybody may ask."""


async def _caller(admitted: _AdmittedDep) -> Caller:
    return admitted.caller


CallerDep = Annotated[Caller, Depends(_caller)]
"""Where the request comes from."""


async def _channel(services: ServicesDep, session: KnownSessionDep) -> Identity:
    if session is not None:
        return identity_of(session)
    if services.sessions.channel is None:
        raise NotSignedIn
    return services.sessions.channel


ChannelDep = Annotated[Identity, Depends(_channel)]
"""Who passes messages of customers on: a person who is signed in, or the channel of a local installation."""


async def _personal_data(
    personal_data: Annotated[
        Literal["masked", "shown"],
        Query(description="`shown`: as it is, which is recorded. Analysts and above"),
    ] = "masked",
) -> None:
    pass


MayReveal = Depends(_personal_data)
"""For routes about one case, conversation or task: `backend/http/personal_data.py` reads it, here it is described."""


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
            if not is_utf8(body):
                raise RequestValidationError([NOT_UTF8])
            if is_too_deep(body):
                raise RequestValidationError([TOO_DEEP])
            model.model_validate_json(body, strict=True)
        except ValidationError as error:
            faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors(include_url=False)]
            raise RequestValidationError(faults) from error
        if faults := find_errors(body):
            raise RequestValidationError(faults)

    return check
