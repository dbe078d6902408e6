"""Burst of API calls: many in one minute, and many more than the customer's usual minute."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from backend.detection.descriptions import counted, duration, number
from backend.detection.evidence import newest
from backend.detection.parameters import ApiBurst
from backend.detection.rule import Explanation, Rule, RuleHit
from backend.detection.state.customer import CALLS_S, CallFacts
from backend.detection.state.rates import Rate
from contracts.alert import Baseline
from contracts.telemetry import ApiCallEvent, TelemetryEvent


class ApiBurstRule(Rule[ApiBurst]):
    """Counts API calls in a sliding minute."""

    KINDS = ("api_call",)

    def judge(self, event: ApiCallEvent, t: float, facts: CallFacts) -> RuleHit | None:
        limits = self.parameters
        if facts.events < limits.min_calls:
            return None
        rate = facts.calls.rate(CALLS_S)
        threshold = rate.threshold(limits.min_calls, limits.times_usual, limits.min_history)
        if rate.events < threshold:
            return None
        return RuleHit(rate.newest, partial(self._explain, event, rate, threshold))

    def _explain(
        self, event: ApiCallEvent, rate: Rate, threshold: int, recent: Sequence[TelemetryEvent]
    ) -> Explanation:
        found = newest((each for each in recent if isinstance(each, ApiCallEvent)), event, rate.newest, CALLS_S)
        calls = [call for call in found if isinstance(call, ApiCallEvent)]
        endpoints = len({call.attributes.endpoint for call in calls})
        refused = sum(map(_refused, calls))
        limits = self.parameters
        is_high = refused / len(calls) >= limits.refused_share or rate.span <= limits.fast_seconds
        return Explanation(
            severity="high" if is_high else "medium",
            description=(
                f"{counted(rate.events, 'API call')} to {counted(endpoints, 'endpoint')} within "
                f"{duration(timedelta(seconds=rate.span))}, {refused} of the last {len(calls)} refused; usual is "
                f"{number(rate.usual)} in an active minute (alert at {threshold})."
            ),
            trigger_events=found,
            baseline=Baseline(
                metric="calls_per_minute",
                observed=float(rate.events),
                expected=rate.usual,
                threshold=float(threshold),
                sample_size=rate.periods,
            ),
        )


def _refused(call: ApiCallEvent) -> bool:
    return call.attributes.error_code is not None or (call.attributes.status_code or 0) >= 400
