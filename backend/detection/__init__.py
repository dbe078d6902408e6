"""Detection: telemetry events in, alerts out. Pure: no clock, no I/O, no randomness; time comes from the events."""

from backend.detection.detector import Detector
from backend.detection.thresholds import DEFAULT_THRESHOLDS, Thresholds

__all__ = ["DEFAULT_THRESHOLDS", "Detector", "Thresholds"]
