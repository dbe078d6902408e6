"""The protocol of a rule, and what it returns when it fires."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol

from backend.detection.thresholds import AlertSpacing
from contracts.alert import Baseline, Severity
from contracts.telemetry import TelemetryEvent


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a rule fired, with the evidence."""

    severity: Severity
    description: str
    trigger_events: tuple[TelemetryEvent, ...]
    """Oldest first, at most 50."""
    baseline: Baseline


@dataclass(frozen=True, slots=True)
class RuleHit:
    """One firing of one rule for one customer. Whether it becomes an alert depends on the rule's spacing."""

    at: datetime
    """Time of the newest event in its evidence."""
    explain: Callable[[], Explanation]
    """Call it before the rule observes another event. Most firings continue a known alert and need no text."""


class Rule(Protocol):
    """One rule with its memory of one customer. Its state is bounded, whatever comes."""

    RULE_ID: ClassVar[str]
    RULE_VERSION: ClassVar[int]

    @property
    def spacing(self) -> AlertSpacing: ...

    def observe(self, event: TelemetryEvent) -> RuleHit | None:
        """Judges the event by what came before it, then remembers it. Events that it does not concern are ignored.

        Events with equal times may come in any order: whether the rule fires at that time is the same.
        """
        ...
