"""Detection: telemetry events in, alerts out. Pure: no clock, no I/O, no randomness; time comes from the events."""

from backend.detection.detector import Detector, Signal
from backend.detection.parameters import DEFAULT_RULES, RuleBook, RuleVersion

__all__ = ["DEFAULT_RULES", "Detector", "RuleBook", "RuleVersion", "Signal"]
