"""`/api/workflow`: opens a case by hand, and answers its state."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import AfterValidator, Field, ValidationInfo

from backend.api.dependencies import CurrentIdentity, ServicesDep, strict_json
from backend.http.problem import documented
from backend.services.cases import StartStatus
from backend.services.scheduler import RuntimeStatus
from contracts.alert import MAX_TRIGGER_EVENTS, Alert, AlertType
from contracts.base import Contract, NonEmptyText, UtcDateTime
from contracts.case import CaseProgress
from contracts.ids import AlertId, NewAlertId, is_of_rule, manual_alert_id
from contracts.severity import Severity
from contracts.sizes import MAX_ATTRIBUTES_BYTES, attributes_size
from contracts.telemetry import CustomerId, TelemetryEvent
from contracts.telemetry_reader import utc_now
from contracts.telemetry_times import FUTURE_TOLERANCE, implausible
from contracts.words import says_something

router = APIRouter(prefix="/api/workflow", tags=["workflow"])

MANUAL_RULE = "manual"


def _says_something(text: str) -> str:
    if not says_something(text):
        raise ValueError("say what was seen")
    return text


def _free_of_rules(alert_id: str) -> str:
    if is_of_rule(alert_id):
        raise ValueError("only the alerts of detection rules are called so: choose another id, or leave it out")
    return alert_id


def _of_one_customer(events: tuple[TelemetryEvent, ...], info: ValidationInfo) -> tuple[TelemetryEvent, ...]:
    customer = info.data.get("customer_id")
    stranger = next((event for event in events if event.customer_id != customer), None)
    if customer is not None and stranger is not None:
        raise ValueError(f"event '{stranger.event_id}' is about customer {stranger.customer_id}, not {customer}")
    return events


def _small_enough(events: tuple[TelemetryEvent, ...]) -> tuple[TelemetryEvent, ...]:
    for event in events:
        size = attributes_size(event)
        if size > MAX_ATTRIBUTES_BYTES:
            raise ValueError(
                f"the attributes of event '{event.event_id}' take {size:,} bytes of JSON; "
                f"those of one event may take {MAX_ATTRIBUTES_BYTES:,}"
            )
    return events


def _plausible(events: tuple[TelemetryEvent, ...]) -> tuple[TelemetryEvent, ...]:
    for event in events:
        if problem := implausible(event.occurred_at, utc_now(), FUTURE_TOLERANCE):
            raise ValueError(f"the time of event '{event.event_id}' cannot be true: {problem[1]}")
    return events


class StartRequest(Contract):
    """What a person saw. Without `alert_id` it follows from the content, so saying it twice opens one case."""

    customer_id: CustomerId
    alert_type: AlertType
    description: Annotated[NonEmptyText, AfterValidator(_says_something)]
    severity: Severity
    alert_id: Annotated[NewAlertId, AfterValidator(_free_of_rules)] | None = None
    trigger_events: Annotated[
        tuple[TelemetryEvent, ...],
        Field(max_length=MAX_TRIGGER_EVENTS),
        AfterValidator(_of_one_customer),
        AfterValidator(_small_enough),
        AfterValidator(_plausible),
    ] = ()

    def to_alert(self, raised_at: datetime) -> Alert:
        """The alert that this says."""
        event_ids = [event.event_id for event in self.trigger_events]
        digest = manual_alert_id(self.customer_id, self.alert_type, self.description, self.severity, event_ids)
        return Alert(
            alert_id=self.alert_id or digest,
            customer_id=self.customer_id,
            alert_type=self.alert_type,
            rule_id=MANUAL_RULE,
            rule_version=1,
            severity=self.severity,
            description=self.description,
            raised_at=raised_at,
            trigger_events=self.trigger_events,
            source="manual",
        )


class StartResponse(Contract):
    """The case of the alert. `pending`: kept, and started as soon as the scheduler can be reached."""

    instance_id: str
    alert_id: AlertId
    status: StartStatus
    joined: bool = False
    """Whether the alert joined a case that was open."""
    trimmed: str | None = None
    """What of the alert was left out because it was too large."""


class WorkflowStatus(Contract):
    """The orchestration of a case, as the scheduler sees it."""

    instance_id: str
    runtime_status: RuntimeStatus
    custom_status: CaseProgress | None
    result: str | None
    """The outcome once it is over, or what it failed of."""
    created_at: UtcDateTime
    last_updated_at: UtcDateTime


@router.post(
    "/start",
    operation_id="start_case",
    summary="Open a case",
    status_code=202,
    response_model=StartResponse,
    responses={
        200: {"model": StartResponse, "description": "The alert has a case already"},
        202: {"description": "A case was opened, or the alert joined the customer's open case"},
        **documented(409, 413, 415, 422, 503),
    },
    dependencies=[Depends(strict_json(StartRequest))],
)
async def start_case(
    order: StartRequest, services: ServicesDep, identity: CurrentIdentity, response: Response
) -> StartResponse:
    """Put an alert on record: it joins the customer's open case, or opens one whose investigation starts.

    The same alert again answers 200 with the same case. The case's log (`case_opened`, `alert_joined`) and its detail
    (`alerts`) name the person who raised it.
    """
    started = await services.cases.start(order.to_alert(datetime.now(UTC)), identity.subject)
    response.status_code = 202 if started.created or started.joined else 200
    return StartResponse(
        instance_id=started.case_id,
        alert_id=started.alert_id,
        status=started.status,
        joined=started.joined,
        trimmed=started.trimmed,
    )


@router.get(
    "/status/{instance_id}",
    operation_id="get_workflow_status",
    summary="Status of an orchestration",
    responses=documented(404, 503),
)
async def get_workflow_status(instance_id: str, services: ServicesDep) -> WorkflowStatus:
    """The state of a case's orchestration. An open case that the scheduler does not know yet is `PENDING`."""
    case = await services.workspace.summary(instance_id)
    state = await services.scheduler.state_of(case.case_id)
    if state is None:
        return WorkflowStatus(
            instance_id=case.case_id,
            runtime_status="COMPLETED" if case.state == "closed" else "PENDING",
            custom_status=None,
            result=case.outcome,
            created_at=case.opened_at,
            last_updated_at=case.updated_at,
        )
    return WorkflowStatus(
        instance_id=case.case_id,
        runtime_status=state.runtime_status,
        custom_status=state.custom_status,
        result=state.result,
        created_at=state.created_at,
        last_updated_at=state.last_updated_at,
    )
