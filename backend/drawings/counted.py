"""What is counted over time: failed logins, API calls, charges; and how each is read and named."""

from collections.abc import Callable
from dataclasses import dataclass

from backend.detection.evidence import address_of, failed
from backend.drawings.labels import shown
from contracts.drawing import MarkRole
from contracts.money import written
from contracts.telemetry import ApiCallEvent, LoginEvent, TelemetryEvent, TransactionEvent


@dataclass(frozen=True)
class Counted:
    """What is counted, in words, and how its events are read."""

    title: str
    axis: str
    noun: str
    lane: Callable[[TelemetryEvent], str]
    lane_noun: str
    is_counted: Callable[[TelemetryEvent], bool]
    is_shown: Callable[[TelemetryEvent], bool]
    role: Callable[[TelemetryEvent], MarkRole]
    roles: dict[MarkRole, str]
    said: Callable[[TelemetryEvent], str]


def is_refused(event: TelemetryEvent) -> bool:
    """Whether it is an API call that was answered with an error."""
    return isinstance(event, ApiCallEvent) and (
        event.attributes.error_code is not None or (event.attributes.status_code or 0) >= 400
    )


def _is_charge(event: TelemetryEvent) -> bool:
    return isinstance(event, TransactionEvent) and event.attributes.type != "refund"


def _login_said(event: TelemetryEvent) -> str:
    return f"{'failed' if failed(event) else 'successful'} login from {shown(address_of(event) or 'no address', 45)}"


def _call_said(event: TelemetryEvent) -> str:
    assert isinstance(event, ApiCallEvent)
    said = event.attributes
    status = [shown(str(each)) for each in (said.status_code, said.error_code) if each is not None]
    return ", ".join((shown(said.endpoint, 60), *status))


def _endpoint(event: TelemetryEvent) -> str:
    return shown(event.attributes.endpoint, 60) if isinstance(event, ApiCallEvent) else ""


def _plain_role(_: TelemetryEvent) -> MarkRole:
    return "event"


def _charge_said(event: TelemetryEvent) -> str:
    assert isinstance(event, TransactionEvent)
    said = event.attributes
    where = [shown(each) for each in (said.merchant, said.terminal_id) if each]
    return ", ".join((written(said.amount, said.currency), *where))


def _acceptor(event: TelemetryEvent) -> str:
    if not isinstance(event, TransactionEvent):
        return ""
    return shown(event.attributes.merchant or event.attributes.terminal_id or "no merchant named")


FAILURES = Counted(
    title="Failed logins",
    axis="Failed logins, counted",
    noun="failed login",
    lane=lambda event: shown(address_of(event) or "no address", 45),
    lane_noun="addresses",
    is_counted=failed,
    is_shown=lambda event: failed(event) or isinstance(event, LoginEvent),
    role=lambda event: "failed" if failed(event) else "success",
    roles={"failed": "failed login", "success": "successful login"},
    said=_login_said,
)
CALLS = Counted(
    title="API calls",
    axis="API calls, counted",
    noun="API call",
    lane=_endpoint,
    lane_noun="endpoints",
    is_counted=lambda event: isinstance(event, ApiCallEvent),
    is_shown=lambda event: isinstance(event, ApiCallEvent),
    role=lambda event: "failed" if is_refused(event) else "event",
    roles={"event": "answered call", "failed": "refused call"},
    said=_call_said,
)
CHARGES = Counted(
    title="Charges",
    axis="Charges, counted",
    noun="charge",
    lane=_acceptor,
    lane_noun="merchants or terminals",
    is_counted=_is_charge,
    is_shown=_is_charge,
    role=_plain_role,
    roles={"event": "charge"},
    said=_charge_said,
)
