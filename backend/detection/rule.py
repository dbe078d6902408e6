"""What every rule is, and what it returns when it fires."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from backend.detection.parameters import RuleParameters, RuleVersion
from contracts.alert import Baseline
from contracts.severity import Severity
from contracts.telemetry import EventKind, TelemetryEvent

Parameters = TypeVar("Parameters", bound=RuleParameters)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a rule fired, with the evidence."""

    severity: Severity
    description: str
    trigger_events: tuple[TelemetryEvent, ...]
    """Oldest first, at most 50."""
    baseline: Baseline


class RuleHit(NamedTuple):
    """One firing of one rule for one customer. Whether it becomes an alert depends on the rule's spacing."""

    t: float
    """Time of the newest event in its evidence, in seconds since 1970."""
    explain: Callable[[Sequence[TelemetryEvent]], Explanation]
    """Given the customer's recent events, oldest first. Most firings continue a known alert and need no text."""


class Rule(ABC, Generic[Parameters]):
    """One version of a rule. It remembers nothing: what it judges by is in the states that it is shown."""

    KINDS: ClassVar[tuple[EventKind, ...]]

    def __init__(self, version: RuleVersion, parameters: Parameters, key: str) -> None:
        self.version = version
        self.parameters = parameters
        self.key = key
        """Under which a customer remembers what it reported: a draft's alerts are not those of the live rule."""
        self.window_s = parameters.window_hours * 3_600.0
        self.quiet_s = parameters.quiet_hours * 3_600.0

    @abstractmethod
    def judge(self, event: Any, t: float, facts: Any) -> RuleHit | None:
        """Whether it fires at this event, by what the states say of it."""


_SEVERITY_STEPS: tuple[tuple[float, Severity], ...] = ((5.0, "critical"), (2.5, "high"), (1.25, "medium"))


def spike_severity(observed: float, threshold: float) -> Severity:
    """How strong a spike is, by how many times it passed what it had to pass: 1.25 medium, 2.5 high, 5 critical."""
    if threshold <= 0.0:
        return "critical"  # it was free until now: no multiple says how much more this is
    strength = observed / threshold
    for least, severity in _SEVERITY_STEPS:
        if strength >= least:
            return severity
    return "low"
