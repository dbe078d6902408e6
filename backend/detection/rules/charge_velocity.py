"""Charge velocity: many charges in one hour, where the customer usually makes few."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from backend.detection.descriptions import counted, duration, number
from backend.detection.evidence import newest
from backend.detection.parameters import ChargeVelocity
from backend.detection.rule import Explanation, Rule, RuleHit
from backend.detection.state.customer import CHARGES_S, ChargeFacts
from backend.detection.state.rates import Rate
from contracts.alert import Baseline
from contracts.telemetry import TelemetryEvent, TransactionEvent


class ChargeVelocityRule(Rule[ChargeVelocity]):
    """Counts charges, whatever their currency, in a sliding hour."""

    KINDS = ("transaction",)

    def judge(self, event: TransactionEvent, t: float, facts: ChargeFacts) -> RuleHit | None:
        limits = self.parameters
        if facts.in_hour < limits.min_charges:
            return None
        rate = facts.charges.rate(CHARGES_S)
        threshold = rate.threshold(limits.min_charges, limits.times_usual, limits.min_history)
        if rate.events < threshold:
            return None
        merchants = facts.merchants
        new = 0 if merchants is None else merchants.new_since(rate.newest - CHARGES_S)
        if merchants is not None and new < limits.min_new_merchants:
            return None
        return RuleHit(rate.newest, partial(self._explain, event, rate, threshold, new))

    def _explain(
        self, event: TransactionEvent, rate: Rate, threshold: int, new: int, recent: Sequence[TelemetryEvent]
    ) -> Explanation:
        charges = (each for each in recent if isinstance(each, TransactionEvent))
        places = f", {counted(new, 'merchant')} of them new for this customer" if new else ""
        usual = f"{number(rate.usual)} in an hour with any" if rate.periods else "0"
        return Explanation(
            severity="high" if rate.events >= 2 * threshold else "medium",
            description=(
                f"{counted(rate.events, 'charge')} within {duration(timedelta(seconds=rate.span))}{places}; usual is "
                f"{usual} (alert at {threshold} in an hour)."
            ),
            trigger_events=newest(charges, event, rate.newest, CHARGES_S),
            baseline=Baseline(
                metric="charges_per_hour",
                observed=float(rate.events),
                expected=rate.usual,
                threshold=float(threshold),
                sample_size=rate.periods,
            ),
        )
