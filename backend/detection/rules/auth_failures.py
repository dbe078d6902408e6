"""Repeated authentication failures: more than one session's worth of failed logins in ten minutes."""

from functools import partial
from math import ceil
from typing import ClassVar

from backend.detection.descriptions import counted, duration, number
from backend.detection.rates import RateWindow
from backend.detection.rule import Explanation, RuleHit
from backend.detection.thresholds import AlertSpacing, AuthFailureThresholds
from contracts.alert import Baseline
from contracts.telemetry import AuthFailureEvent, LoginEvent, TelemetryEvent


class AuthFailures:
    """Counts `auth_failure` events and logins that did not succeed."""

    RULE_ID: ClassVar[str] = "auth_failures"
    RULE_VERSION: ClassVar[int] = 1

    def __init__(self, thresholds: AuthFailureThresholds) -> None:
        self._thresholds = thresholds
        self._window = RateWindow(
            thresholds.window, history_days=thresholds.history_days, usual_cap=thresholds.usual_cap
        )

    @property
    def spacing(self) -> AlertSpacing:
        return self._thresholds.spacing

    def observe(self, event: TelemetryEvent) -> RuleHit | None:
        limits, window = self._thresholds, self._window
        if not _failed(event):
            return None
        window.add(event)
        if window.count < limits.min_failures:
            return None
        usual, periods = window.usual()
        threshold = limits.min_failures
        if periods >= limits.min_history:
            threshold = max(threshold, ceil(usual * limits.times_usual))
        if window.count < threshold:
            return None
        return RuleHit(window.newest, partial(self._explain, usual, periods, threshold))

    def _explain(self, usual: float, periods: int, threshold: int) -> Explanation:
        limits, window = self._thresholds, self._window
        failures = window.events
        addresses = len({address for failure in failures if (address := _address(failure))})
        origin = f" from {counted(addresses, 'address', 'addresses')}" if addresses else ""
        minutes = duration(limits.window)
        return Explanation(
            severity="high" if addresses >= limits.many_addresses else "medium",
            description=(
                f"{counted(window.count, 'failed login')} within {duration(window.span)}{origin}; usual is "
                f"{f'{number(usual)} in {minutes} with any' if periods else '0'} (alert at {threshold} in {minutes})."
            ),
            trigger_events=failures,
            baseline=Baseline(
                metric=f"failures_in_{minutes.replace(' ', '_')}",
                observed=float(window.count),
                expected=usual,
                threshold=float(threshold),
                sample_size=periods,
            ),
        )


def _failed(event: TelemetryEvent) -> bool:
    return isinstance(event, AuthFailureEvent) or (isinstance(event, LoginEvent) and not event.attributes.success)


def _address(event: TelemetryEvent) -> str | None:
    return event.attributes.ip if isinstance(event, AuthFailureEvent | LoginEvent) else None
