"""What the detector says of an event: an alert, or that a rule failed at it."""

from dataclasses import dataclass
from typing import Literal

from backend.detection.parameters import RuleVersion
from contracts.alert import Alert

Fate = Literal["raised", "shadow", "snoozed"]
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class AlertSignal:
    """What a rule found, and whether anybody is told."""

    alert: Alert
    fate: Fate

    @property
    def rule_id(self) -> str:
        """Of the rule that found it."""
        return self.alert.rule_id

    @property
    def rule_version(self) -> int:
        """Of the rule that found it."""
        return self.alert.rule_version


@dataclass(frozen=True, slots=True)
class FailureSignal:
    """A version of a rule broke off at an event: what it would have found there is not known."""

    rule_id: str
    rule_version: int
    event_id: str
    reason: str
    """In one line, without a value of the event."""
    fate: Literal["failed"] = "failed"


Signal = AlertSignal | FailureSignal


def failure_of(version: RuleVersion, event_id: str, error: Exception) -> FailureSignal:
    """Of what a rule raised. Only the first line: those after it quote what was judged."""
    said = str(error).partition("\n")[0]
    name = type(error).__name__
    return FailureSignal(version.rule_id, version.version, event_id, (f"{name}: {said}" if said else name)[:_LONGEST])
