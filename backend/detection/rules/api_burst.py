"""Burst of API calls: many in one minute, and many more than the customer's usual minute."""

from functools import partial
from math import ceil
from typing import ClassVar

from backend.detection.descriptions import counted, duration, number
from backend.detection.rates import RateWindow
from backend.detection.rule import Explanation, RuleHit
from backend.detection.thresholds import AlertSpacing, ApiBurstThresholds
from contracts.alert import Baseline, Severity
from contracts.telemetry import ApiCallEvent, TelemetryEvent


class ApiBurst:
    """Counts API calls in a sliding minute."""

    RULE_ID: ClassVar[str] = "api_burst"
    RULE_VERSION: ClassVar[int] = 1

    def __init__(self, thresholds: ApiBurstThresholds) -> None:
        self._thresholds = thresholds
        self._window = RateWindow(thresholds.window, history_days=thresholds.history_days)

    @property
    def spacing(self) -> AlertSpacing:
        return self._thresholds.spacing

    def observe(self, event: TelemetryEvent) -> RuleHit | None:
        limits, window = self._thresholds, self._window
        if not isinstance(event, ApiCallEvent):
            return None
        window.add(event)
        if window.count < limits.min_calls:
            return None
        usual, minutes = window.usual()
        threshold = limits.min_calls
        if minutes >= limits.min_history:
            threshold = max(threshold, ceil(usual * limits.times_usual))
        if window.count < threshold:
            return None
        return RuleHit(window.newest, partial(self._explain, usual, minutes, threshold))

    def _explain(self, usual: float, minutes: int, threshold: int) -> Explanation:
        window = self._window
        calls = [call for call in window.events if isinstance(call, ApiCallEvent)]
        endpoints = len({call.attributes.endpoint for call in calls})
        refused = sum(map(_refused, calls))
        return Explanation(
            severity=self._severity(refused / len(calls)),
            description=(
                f"{counted(window.count, 'API call')} to {counted(endpoints, 'endpoint')} within "
                f"{duration(window.span)}, {refused} of the last {len(calls)} refused; usual is {number(usual)} "
                f"in an active minute (alert at {threshold})."
            ),
            trigger_events=tuple(calls),
            baseline=Baseline(
                metric="calls_per_minute",
                observed=float(window.count),
                expected=usual,
                threshold=float(threshold),
                sample_size=minutes,
            ),
        )

    def _severity(self, refused_share: float) -> Severity:
        limits = self._thresholds
        return "high" if refused_share >= limits.refused_share or self._window.span <= limits.fast else "medium"


def _refused(call: ApiCallEvent) -> bool:
    return call.attributes.error_code is not None or (call.attributes.status_code or 0) >= 400
