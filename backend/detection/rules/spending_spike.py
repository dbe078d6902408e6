"""Spending spike: one charge far above what the customer spends in that currency."""

from collections.abc import Sequence
from decimal import Decimal
from functools import partial

from backend.detection.descriptions import counted
from backend.detection.parameters import SpendingSpike
from backend.detection.rule import Explanation, Rule, RuleHit, spike_severity
from backend.detection.state.customer import ChargeFacts
from contracts.alert import Baseline
from contracts.money import in_major_units, minor_factor, written
from contracts.telemetry import TelemetryEvent, TransactionEvent


class SpendingSpikeRule(Rule[SpendingSpike]):
    """Fires on a charge above mean and deviation of the customer's own charges."""

    KINDS = ("transaction",)

    def judge(self, event: TransactionEvent, t: float, facts: ChargeFacts) -> RuleHit | None:
        amount, history, mean, deviation = facts.spending
        limits = self.parameters
        if history.size < limits.min_history:
            return None
        threshold = max(mean + deviation * limits.deviations, mean * limits.times_mean)
        if amount <= threshold:
            return None
        threshold = max(threshold, limits.least_amount * minor_factor(facts.currency))
        if amount <= threshold:
            return None
        return RuleHit(t, partial(self._explain, event, facts, threshold))

    def _explain(
        self, event: TransactionEvent, facts: ChargeFacts, threshold: float, _: Sequence[TelemetryEvent]
    ) -> Explanation:
        charge, spending = event.attributes, facts.spending
        history, currency = spending.history, facts.currency
        mean = _major(history.mean, currency)
        bar = _major(threshold, currency)
        return Explanation(
            severity=spike_severity(spending.amount, threshold),
            description=(
                f"One charge of {written(charge.amount, currency)}; usual is {written(mean, currency)} over "
                f"{counted(int(history.size), 'charge')} in the weeks before (alert above {written(bar, currency)})."
            ),
            trigger_events=(event,),
            baseline=Baseline(
                metric=f"charge_amount_{currency}",
                observed=float(charge.amount),
                expected=float(mean),
                threshold=float(bar),
                lower=float(_major(max(0.0, history.mean - spending.deviation), currency)),
                upper=float(_major(history.mean + spending.deviation, currency)),
                sample_size=int(history.size),
            ),
        )


def _major(minor: float, currency: str) -> Decimal:
    return in_major_units(round(minor), currency)
