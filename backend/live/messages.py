"""The payloads of the event stream and of the case socket."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.alert import Alert
from contracts.base import Contract, UtcDateTime
from contracts.case import CaseEvent, CaseProgress, CaseSummary
from contracts.chat import TurnId, TurnState, UserId
from contracts.ids import CaseId
from contracts.telemetry import EventKind, TelemetryEvent

Topic = Literal["telemetry", "alerts", "cases", "chat"]
TOPICS: tuple[Topic, ...] = ("telemetry", "alerts", "cases", "chat")

SAMPLE_SIZE = 20
"""How many telemetry events a batch shows at most."""


class TelemetryBatch(Contract):
    """`event: telemetry`. Telemetry since the last message: a few sample events, and exact totals."""

    at: UtcDateTime
    total: int
    """Events since the backend started."""
    total_by_kind: dict[EventKind, int]
    received: int
    """Events in this batch; at most 20 of them, the newest, are in `sample`."""
    sample: Annotated[tuple[TelemetryEvent, ...], Field(max_length=SAMPLE_SIZE)]


class AlertMessage(Contract):
    """`event: alert`. A case was opened. It takes the place of the log's `case_opened` where alerts are watched."""

    seq: int
    case_id: CaseId
    alert: Alert
    case: CaseSummary


class CaseMessage(Contract):
    """`event: case`. One line of the case log, and the case as it is now, which may be later than that line."""

    seq: int
    event: CaseEvent
    case: CaseSummary


class TurnMessage(Contract):
    """`event: chat`. What has become of a message to the assistant; nothing of a draft, and no text.

    It comes without an `id`: whoever was away asks for the turns that they wait for.
    """

    turn_id: TurnId
    user_id: UserId
    state: TurnState


class CaseStatusMessage(Contract):
    """The message of a case's socket: the state of the case, sent first and again after every change."""

    type: Literal["snapshot", "change"]
    seq: int
    """The newest event of this case that the message includes."""
    case: CaseSummary
    progress: CaseProgress
