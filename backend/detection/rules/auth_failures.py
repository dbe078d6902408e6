"""Repeated authentication failures: more than one session's worth of failed logins in ten minutes."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from backend.detection.descriptions import counted, duration, number
from backend.detection.evidence import address_of, failures_among, newest
from backend.detection.parameters import AuthFailures
from backend.detection.rule import Explanation, Rule, RuleHit
from backend.detection.state.customer import FAILURES_S, USUAL_FAILURES_CAP, FailureFacts
from backend.detection.state.rates import Rate
from contracts.alert import Baseline
from contracts.telemetry import TelemetryEvent

_MINUTES = duration(timedelta(seconds=FAILURES_S))


class AuthFailuresRule(Rule[AuthFailures]):
    """Counts `auth_failure` events and logins that did not succeed."""

    KINDS = ("auth_failure",)

    def judge(self, event: TelemetryEvent, t: float, facts: FailureFacts) -> RuleHit | None:
        limits = self.parameters
        if facts.events < limits.min_failures:
            return None
        rate = facts.failures.rate(FAILURES_S, USUAL_FAILURES_CAP)
        threshold = rate.threshold(limits.min_failures, limits.times_usual, limits.min_history)
        if rate.events < threshold:
            return None
        return RuleHit(rate.newest, partial(self._explain, event, rate, threshold))

    def _explain(
        self, event: TelemetryEvent, rate: Rate, threshold: int, recent: Sequence[TelemetryEvent]
    ) -> Explanation:
        failures = newest(failures_among(recent), event, rate.newest, FAILURES_S)
        addresses = len({address for failure in failures if (address := address_of(failure))})
        origin = f" from {counted(addresses, 'address', 'addresses')}" if addresses else ""
        usual = f"{number(rate.usual)} in {_MINUTES} with any" if rate.periods else "0"
        return Explanation(
            severity="high" if addresses >= self.parameters.many_addresses else "medium",
            description=(
                f"{counted(rate.events, 'failed login')} within {duration(timedelta(seconds=rate.span))}{origin}; "
                f"usual is {usual} (alert at {threshold} in {_MINUTES})."
            ),
            trigger_events=failures,
            baseline=Baseline(
                metric=f"failures_in_{_MINUTES.replace(' ', '_')}",
                observed=float(rate.events),
                expected=rate.usual,
                threshold=float(threshold),
                sample_size=rate.periods,
            ),
        )
