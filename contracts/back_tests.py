"""Back-tests: what a version of a rule would have raised on telemetry of the past, beside the version that is live."""

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, NonNegativeInt, PositiveInt, StringConstraints, model_validator

from contracts.alert import AlertType, Severity
from contracts.base import Contract, Score, UtcDateTime
from contracts.detection_rules import Reason, SignalCount, VersionNumber
from contracts.ids import AlertId
from contracts.telemetry import CustomerId

BackTestState = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
"""`failed`: it could not be finished, and `problem` says why. `interrupted`: the process that ran it ended."""
BackTestId: TypeAlias = Annotated[str, StringConstraints(pattern=r"^bt-[0-9a-f]{32}$")]
MAX_RECORDING_NAME = 500
RecordingName: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=MAX_RECORDING_NAME)]

MAX_BACK_TEST_DAYS = 90
MAX_WAITING = 20
"""Back-tests that wait for their turn."""
KEPT_OF_RULE = 50
"""Back-tests of a rule that are kept, the newest."""
MAX_LISTED = 200
"""Alerts that a result lists of each kind."""
MAX_LISTED_CUSTOMERS = 20
MAX_LISTED_DAYS = 366

Side: TypeAlias = Literal["gained", "lost", "kept"]
"""`gained`: only the version that is tried raises it. `lost`: only the one that it is compared with."""


class RecordedTelemetry(Contract):
    """A recording, from its beginning to its end."""

    kind: Literal["recording"]
    recording: RecordingName


class LiveTelemetry(Contract):
    """What the live source holds of the last days."""

    kind: Literal["live"]
    days: Annotated[int, Field(ge=1, le=MAX_BACK_TEST_DAYS)]


BackTestSource: TypeAlias = Annotated[RecordedTelemetry | LiveTelemetry, Field(discriminator="kind")]


class NewBackTest(Contract):
    """Try a version of a rule on telemetry of the past."""

    version: VersionNumber
    source: BackTestSource
    reason: Reason


class SideCounts(Contract):
    """How many alerts are gained, lost and kept."""

    gained: NonNegativeInt
    lost: NonNegativeInt
    kept: NonNegativeInt

    @property
    def before(self) -> int:
        """Alerts of the version that is compared with."""
        return self.lost + self.kept

    @property
    def after(self) -> int:
        """Alerts of the version that is tried."""
        return self.gained + self.kept


class DayCounts(SideCounts):
    """Of one day, UTC."""

    day: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class CustomerCounts(SideCounts):
    """Of one customer."""

    customer_id: CustomerId


class ComparedAlert(Contract):
    """An alert that one of the two versions raises, or both."""

    alert_id: AlertId
    customer_id: CustomerId
    raised_at: UtcDateTime
    severity: Severity
    description: str
    label: bool | None
    """Whether it is right, by the labels; null where nobody knows."""


class ComparedAlerts(Contract):
    """Alerts of one kind, the earliest first, as far as they are listed."""

    items: Annotated[tuple[ComparedAlert, ...], Field(max_length=MAX_LISTED)]
    more: NonNegativeInt
    """How many others there are."""


class Proportion(Contract):
    """A share of a sample, with its 95 % Wilson interval."""

    hits: NonNegativeInt
    of: NonNegativeInt
    """The size of the sample."""
    share: Score | None
    """Null where the sample is empty, like its bounds."""
    low: Score | None
    high: Score | None


class VersionQuality(Contract):
    """How often one version is right, and how much it finds."""

    precision: Proportion
    """Alerts that are right, of those that a label judges."""
    recall: Proportion
    """Labelled episodes that it finds; of decisions: confirmed alerts that it raises."""
    customers: Proportion
    """Customers with a label of fraud about whom it alerts rightly."""


class Quality(Contract):
    """What labels say of both versions."""

    labels: Literal["file", "decisions"]
    labelled: NonNegativeInt
    """Labelled events of a file that the telemetry holds; or alerts whose cases were decided."""
    before: VersionQuality
    after: VersionQuality


class BackTestResult(Contract):
    """What a version raises beside the one that it is compared with."""

    events: NonNegativeInt
    skipped: NonNegativeInt
    """What was read and not judged: no events, and times that cannot be."""
    first_at: UtcDateTime | None
    """When the first event happened that was read; null where there was none."""
    last_at: UtcDateTime | None
    counted_from: UtcDateTime | None
    """Only alerts from then on are counted; what was read before it is history. Null: all are counted."""
    seconds: Annotated[float, Field(ge=0)]
    total: SideCounts
    moved: NonNegativeInt
    """Kept alerts that have another id, since the versions have other windows: they share an event that triggers."""
    days: tuple[DayCounts, ...]
    """Those with alerts, the earliest first; at most the last MAX_LISTED_DAYS of them."""
    customers: tuple[CustomerCounts, ...]
    """Those for whom most changes."""
    customers_more: NonNegativeInt
    """How many others have alerts."""
    gained: ComparedAlerts
    lost: ComparedAlerts
    kept: ComparedAlerts
    before_digest: str
    """SHA-256 of the ids of all alerts of the version that is compared with, sorted, one a line."""
    after_digest: str
    quality: Quality | None
    """Null where there is no label."""
    notes: tuple[str, ...]
    """What whoever reads the result should know, in sentences."""


class BackTestSummary(Contract):
    """A back-test, without what it found."""

    back_test_id: BackTestId
    rule_id: AlertType
    version: PositiveInt
    compared_with: PositiveInt
    """The version that was live when it was ordered."""
    source: BackTestSource
    reason: str
    requested_by: str
    requested_at: UtcDateTime
    state: BackTestState
    started_at: UtcDateTime | None
    ended_at: UtcDateTime | None
    cancelled_by: str | None
    """Who wants it to end. It is `cancelled` when it has."""
    rules_revision: NonNegativeInt | None
    """Of all that was set for detection when it began: suppressions count in it."""
    events: NonNegativeInt
    """Read so far."""
    reached_at: UtcDateTime | None
    """When the newest of these events happened."""
    share: Score | None
    """How much of it is done; null where that is not known."""
    problem: str | None
    """Why it failed or was interrupted, in one sentence."""
    total: SideCounts | None


class BackTest(BackTestSummary):
    """A back-test with what it found."""

    result: BackTestResult | None

    @model_validator(mode="after")
    def _has_result_when_done(self) -> Self:
        if (self.state == "done") != (self.result is not None):
            raise ValueError("a back-test has a result when it is done")
        return self


class BackTestList(Contract):
    """Back-tests of one rule, the newest first."""

    items: tuple[BackTestSummary, ...]


class OfferedRecording(Contract):
    """A recording that back-tests can read."""

    recording: RecordingName
    size: NonNegativeInt
    """Bytes, packed where it is packed."""
    has_labels: bool


class BackTestSources(Contract):
    """What back-tests can read."""

    recordings: tuple[OfferedRecording, ...]
    live: str | None
    """The live source, by name; null: there is none, and `live_problem` says why."""
    live_problem: str | None


class VersionPrecision(Contract):
    """How often alerts of a version were right, by the decisions of people."""

    version: PositiveInt
    precision: Proportion
    """Alerts of cases that were closed as confirmed fraud, of these and of those closed as false positives."""
    inconclusive: NonNegativeInt
    """Alerts whose cases were closed as inconclusive."""
    undecided: NonNegativeInt
    """Alerts whose cases are open, or were closed without a person's opinion."""


class RulePrecision(Contract):
    """How often the versions of a rule were right, and what those in shadow found, day by day."""

    rule_id: AlertType
    days: PositiveInt
    """How far back."""
    versions: tuple[VersionPrecision, ...]
    """Those that alerted, the newest first."""
    sampled: PositiveInt
    """Alerts of each version that are looked at, at most: the newest."""
    counts: tuple[SignalCount, ...]
    """Signals of these days by version, day and fate, the latest day first."""
