"""The application: all routes, the error handler, and the OpenAPI document."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI

from backend.api import (
    accesses,
    alerts,
    analytics,
    assignments,
    attachments,
    audit,
    back_tests,
    bulk,
    case_socket,
    cases,
    chat,
    claims,
    config,
    conversations,
    dead_letters,
    decisions,
    desk_log,
    detection_rules,
    events,
    exports,
    health,
    legal_holds,
    merges,
    metrics,
    model_spend,
    notes,
    previews,
    provider_sign_in,
    regulatory_reports,
    reopenings,
    reversals,
    risk_score,
    saved_views,
    schedules,
    security,
    service_status,
    session,
    snoozes,
    subscriptions,
    tasks,
    workflow,
)
from backend.api.dependencies import EveryRoute, NeedsSession
from backend.http import openapi, problem
from backend.http.admission import Admission
from backend.http.personal_data import PersonalData
from backend.http.web_bundle import WebBundle
from backend.live.messages import AlertMessage, CaseMessage, CaseStatusMessage, TelemetryBatch, TurnMessage
from backend.live.service_status import ServiceStatus
from casebook.projection.cases import OrchestrationFailed
from contracts.base import Contract
from contracts.release import VERSION

# What answers those who are not signed in, too.
OPEN = (session.router, provider_sign_in.router, config.router, health.router, metrics.router)
# What passes messages of customers on is no person, and has no role.
OF_CHANNELS = (chat.router, chat.tutorial_router, analytics.router, analytics.tutorial_router)
OF_PEOPLE = (
    # Before what is asked of one case: in `/api/cases/bulk/preview`, `bulk` is none.
    bulk.router,
    workflow.router,
    decisions.router,
    merges.router,
    reopenings.router,
    previews.router,
    reversals.router,
    audit.router,
    accesses.router,
    desk_log.router,
    regulatory_reports.router,
    case_socket.router,
    events.router,
    service_status.router,
    # Before the cases: `/api/cases/next` is no case.
    claims.router,
    assignments.router,
    snoozes.router,
    legal_holds.router,
    cases.router,
    conversations.router,
    analytics.desk_router,
    schedules.router,
    tasks.router,
    subscriptions.router,
    dead_letters.router,
    detection_rules.router,
    risk_score.router,
    back_tests.router,
    notes.router,
    attachments.router,
    exports.router,
    model_spend.router,
    alerts.router,
    saved_views.shared_router,
    saved_views.router,
    config.ingest_router,
    session.people,
    session.listed,
    security.router,
)

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(lifespan: Lifespan | None = None, web: WebBundle | None = None) -> FastAPI:
    """The application. `app.state.services` must be set before it answers; describing itself needs nothing."""
    app = FastAPI(
        title="Casewright",
        summary="A fraud-investigation desk: no risky action without a person's decision.",
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        dependencies=[EveryRoute],
    )
    for router in (*OPEN, *OF_CHANNELS):
        app.include_router(router)
    for router in OF_PEOPLE:
        app.include_router(router, dependencies=[NeedsSession])
    # The one that is added last comes first.
    app.add_middleware(PersonalData)
    app.add_middleware(Admission)
    problem.install(app)
    _describe_messages(app)
    openapi.install(app)
    if web is not None:
        app.router.default = web
    return app


def _describe_messages(app: FastAPI) -> None:
    """Give types to what comes through the stream and the socket, for which OpenAPI has no word but webhooks."""
    messages: dict[str, tuple[type[Contract], str]] = {
        "telemetry": (TelemetryBatch, "`event: telemetry` of the event stream, at most four per second."),
        "alert": (AlertMessage, "`event: alert` of the event stream: a case was opened."),
        "case": (CaseMessage, "`event: case` of the event stream: something happened to a case."),
        "chat": (TurnMessage, "`event: chat` of the event stream: what has become of a message to the assistant."),
        "service": (
            ServiceStatus,
            "`event: service` of the event stream: scheduler or workers stopped or are back.",
        ),
        "orchestration-failed": (OrchestrationFailed, "`data` of a case event whose type is `orchestration_failed`."),
        "case-status": (CaseStatusMessage, "What the socket `/api/workflow/ws/{instance_id}` says."),
    }
    for name, (model, description) in messages.items():
        # response_model, so that OpenAPI takes the serialization schema; http/openapi moves it to requestBody.
        app.webhooks.add_api_route(
            name,
            _never_called,
            methods=["POST"],
            summary=f"Message `{name}`",
            operation_id=f"on_{name.replace('-', '_')}",
            response_model=model,
            description=description,
            tags=["messages"],
        )


def _never_called() -> None:
    """A webhook is what others receive: nothing here answers it."""
