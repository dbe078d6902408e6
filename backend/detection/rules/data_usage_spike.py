"""Data-usage spike: one reading far above everything that the customer used in weeks."""

from collections.abc import Sequence
from functools import partial

from backend.detection.descriptions import counted, number
from backend.detection.parameters import DataUsageSpike
from backend.detection.rule import Explanation, Rule, RuleHit, spike_severity
from backend.detection.state.customer import UsageFacts
from contracts.alert import Baseline
from contracts.telemetry import DataUsageEvent, TelemetryEvent


class DataUsageSpikeRule(Rule[DataUsageSpike]):
    """Fires on a record reading: above the largest one remembered by a margin that shrinks as history grows. A reading
    that is unusual for its time of the week needs a smaller margin."""

    KINDS = ("data_usage",)

    def judge(self, event: DataUsageEvent, t: float, facts: UsageFacts) -> RuleHit | None:
        gb, history, judgement = facts
        limits = self.parameters
        if gb <= history.largest or history.size < limits.min_history:
            return None
        margin = limits.times_largest + limits.times_largest_over_history / history.size
        if judgement.score >= limits.unusual_score and gb > judgement.upper:
            margin = min(margin, limits.times_largest_unusual)
        threshold = max(history.largest * margin, history.mean * limits.times_mean, limits.least_gb)
        if gb <= threshold:
            return None
        return RuleHit(t, partial(self._explain, event, facts, threshold))

    def _explain(
        self, event: DataUsageEvent, facts: UsageFacts, threshold: float, _: Sequence[TelemetryEvent]
    ) -> Explanation:
        gb, history, judgement = facts
        return Explanation(
            severity=spike_severity(gb, threshold),
            description=(
                f"{number(gb)} GB in one usage reading; usual at this time of the week is {number(judgement.expected)} "
                f"GB, and the largest of {counted(int(history.size), 'reading')} in the weeks before was "
                f"{number(history.largest)} GB (alert above {number(threshold)} GB)."
            ),
            trigger_events=(event,),
            baseline=Baseline(
                metric="gb_per_reading",
                observed=gb,
                expected=judgement.expected,
                threshold=threshold,
                lower=judgement.lower,
                upper=judgement.upper,
                sample_size=int(history.size),
            ),
        )
