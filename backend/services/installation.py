"""What the web interface shows of this installation: public settings and telemetry sources."""

from collections.abc import Mapping
from typing import Literal

from pydantic import NonNegativeInt, PositiveInt

from contracts.alert import AlertSource, AlertType
from contracts.base import Contract, UtcDateTime
from contracts.closing import ReasonCode, RequiredField
from contracts.kinds import Answer
from contracts.review import Disposition
from contracts.sessions import AuthMode
from contracts.telemetry_dead_letters import DeadLetterKind

TelemetrySource = Literal["simulator", "replay", "event_hub", "none"]


class PublicConfig(Contract):
    """Facts that anyone who sees the UI may know."""

    version: str
    auth_mode: AuthMode
    auto_clear_threshold: float
    """Below it, a case may be cleared without a person."""
    approval_timeout_hours: float
    decision_hold_seconds: float
    """How long an approved action waits so that it can be taken back; 0: it is done at once."""
    max_review_attempts: int
    model: str | None
    """Name of the language model, where it is known."""
    model_badge: str | None
    """What to say about the model so that nobody takes it for more than it is; null when there is nothing to say."""
    telemetry_source: TelemetrySource
    required_fields: Mapping[Answer, tuple[RequiredField, ...]]
    """What a decision must have, by what it says: see `CLOSING_POLICY`."""
    reason_codes: Mapping[Disposition, tuple[ReasonCode, ...]]
    """What people choose from."""


class MalformedInput(Contract):
    """A line of telemetry that was not evaluated. It was counted and skipped."""

    file: str
    """Name of the recording, or address of the stream."""
    line: NonNegativeInt
    """Line number, counted from 1. Of a stream: the offset after which the line came."""
    reason: str
    kind: DeadLetterKind
    """`unreadable`: it is no event. The others are events of a time that cannot be true."""


class MalformedInputs(Contract):
    """How many lines could not be parsed, and the first twenty lines that were not evaluated."""

    count: NonNegativeInt
    first: tuple[MalformedInput, ...]


class IngestPartition(Contract):
    """How far this process is in one partition of a source."""

    partition: str
    position: int | None
    """Sequence number of the last message that was judged; null before the first."""
    saved_position: int | None
    """All up to it is on record; null: nothing is."""
    behind: NonNegativeInt
    """Messages that the partition holds behind it, as far as is known."""
    newest_at: UtcDateTime | None
    """When the hub took the last message that was judged."""


class IngestScores(Contract):
    """What this process scores of a source by the learned risk score."""

    charges: NonNegativeInt
    """Scored, of the partitions that it has now."""
    waiting: NonNegativeInt
    """Those that wait for what they turn out to be."""
    model: NonNegativeInt
    """The oldest version of the model that one of them is scored by; 0: none yet."""


class IngestSource(Contract):
    """One place that telemetry is read from."""

    name: str
    source: AlertSource
    """What its alerts say that they come from."""
    state: Literal["waiting", "reading", "finished", "failed"]
    """`waiting`: it does not answer at the moment. A live stream never finishes."""
    events_read: NonNegativeInt
    events_per_second: float
    """Mean since the start, until now or until it finished."""
    unreadable: NonNegativeInt
    """Lines and messages that are no event."""
    dead_letters: dict[str, int]
    """Dead letters: what was not evaluated for other reasons, such as a time that is impossible, by kind."""
    mended: dict[str, int]
    """Repairs in evaluated events, by kind."""
    alerts_refused: NonNegativeInt
    """Alerts that can never be opened, because their id is taken."""
    waiting_for: str | None
    """The alert that could not be opened yet; nothing is read before it is."""
    error: str | None
    """Why nothing comes, while it is waiting or when it has failed."""
    partitions: tuple[IngestPartition, ...]
    """Those that this process reads, of a source that processes share."""
    scores: IngestScores | None = None
    """Null where charges are not scored."""


class RuleFailure(Contract):
    """A version of a rule that broke off at events. The other rules judged them."""

    rule_id: AlertType
    version: PositiveInt
    events: PositiveInt
    event_id: str
    """The first of them."""
    reason: str
    """What went wrong there."""


class IngestStatus(Contract):
    """What was read since the backend started, and the results."""

    started_at: UtcDateTime | None
    events_read: NonNegativeInt
    alerts_by_rule: dict[str, int]
    """Alerts raised, per rule."""
    cases_opened_by_rule: dict[str, int]
    """Of these, alerts whose case this process opened, and no other backend or earlier start before it."""
    malformed: MalformedInputs
    dead_letters: dict[str, int]
    """Dead letters, events with an impossible time: `from_the_future`, `from_the_far_past`."""
    mended: dict[str, int]
    """Repairs in evaluated events, by kind: an attribute dropped, an amount rounded, a text replaced."""
    rule_failures: tuple[RuleFailure, ...] = ()
    """Versions of rules that broke off in this process. It stays ready: every other rule judges on."""
    sources: tuple[IngestSource, ...]
