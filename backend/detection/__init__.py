"""Detection: telemetry events in, alerts out. Pure: no clock, no I/O, no randomness; time comes from the events."""

from backend.detection.detector import Detector
from backend.detection.parameters import DEFAULT_RULES, RuleBook, RuleVersion
from backend.detection.signals import AlertSignal, FailureSignal, Signal

__all__ = ["DEFAULT_RULES", "AlertSignal", "Detector", "FailureSignal", "RuleBook", "RuleVersion", "Signal"]
