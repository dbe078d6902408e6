"""Data-usage spike: one reading far above everything that the customer used in four weeks."""

from functools import partial
from typing import ClassVar

from backend.detection.descriptions import counted, number
from backend.detection.history import DailyHistory, Summary
from backend.detection.rule import Explanation, RuleHit
from backend.detection.thresholds import AlertSpacing, DataUsageSpikeThresholds, spike_severity
from contracts.alert import Baseline
from contracts.telemetry import DataUsageEvent, TelemetryEvent


class DataUsageSpike:
    """Fires on a record reading: above the largest one remembered by a margin that shrinks as history grows."""

    RULE_ID: ClassVar[str] = "data_usage_spike"
    RULE_VERSION: ClassVar[int] = 1

    def __init__(self, thresholds: DataUsageSpikeThresholds) -> None:
        self._thresholds = thresholds
        self._history = DailyHistory(thresholds.history_days, 0.0)

    @property
    def spacing(self) -> AlertSpacing:
        return self._thresholds.spacing

    def observe(self, event: TelemetryEvent) -> RuleHit | None:
        if not isinstance(event, DataUsageEvent):
            return None
        limits, gb = self._thresholds, event.attributes.gb
        history = self._history.before(event.occurred_at)
        self._history.add(event.occurred_at, gb)
        if history.count < limits.min_history:
            return None
        margin = limits.times_largest + limits.times_largest_over_history / history.count
        threshold = max(history.largest * margin, history.mean * limits.times_mean, limits.least_gb)
        if gb <= threshold:
            return None
        return RuleHit(event.occurred_at, partial(self._explain, event, history, threshold))

    def _explain(self, event: DataUsageEvent, history: Summary[float], threshold: float) -> Explanation:
        gb = event.attributes.gb
        return Explanation(
            severity=spike_severity(gb, threshold),
            description=(
                f"{number(gb)} GB in one usage reading; usual is {number(history.mean)} GB, and the largest of "
                f"{counted(history.count, 'reading')} in the {self._thresholds.history_days} days before was "
                f"{number(history.largest)} GB (alert above {number(threshold)} GB)."
            ),
            trigger_events=(event,),
            baseline=Baseline(
                metric="gb_per_reading",
                observed=gb,
                expected=history.mean,
                threshold=threshold,
                sample_size=history.count,
            ),
        )
