"""Spending spike: one charge far above what the customer spends in that currency."""

from collections import OrderedDict
from decimal import Decimal
from functools import partial
from typing import ClassVar

from backend.detection.descriptions import counted
from backend.detection.history import DailyHistory, Summary
from backend.detection.rule import Explanation, RuleHit
from backend.detection.thresholds import AlertSpacing, SpendingSpikeThresholds, spike_severity
from contracts.alert import Baseline
from contracts.money import written
from contracts.telemetry import TelemetryEvent, TransactionEvent


class SpendingSpike:
    """Fires on a charge above mean and deviation of the customer's own charges. Amounts stay exact decimals.

    A charge that fired enters the history as the amount that would just not have fired, so that one fraud
    does not hide the next, and a customer whose spending has risen for good is learnt within days.
    """

    RULE_ID: ClassVar[str] = "spending_spike"
    RULE_VERSION: ClassVar[int] = 1

    def __init__(self, thresholds: SpendingSpikeThresholds) -> None:
        self._thresholds = thresholds
        self._histories: OrderedDict[str, DailyHistory[Decimal]] = OrderedDict()

    @property
    def spacing(self) -> AlertSpacing:
        return self._thresholds.spacing

    def observe(self, event: TelemetryEvent) -> RuleHit | None:
        if not isinstance(event, TransactionEvent):
            return None
        charge = event.attributes
        ledger = self._history_in(charge.currency)
        history = ledger.before(event.occurred_at)
        threshold = self._threshold(history) if history.count >= self._thresholds.min_history else None
        if threshold is None or charge.amount <= threshold:
            ledger.add(event.occurred_at, charge.amount)
            return None
        ledger.add(event.occurred_at, threshold)
        return RuleHit(event.occurred_at, partial(self._explain, event, history, threshold))

    def _explain(self, event: TransactionEvent, history: Summary[Decimal], threshold: Decimal) -> Explanation:
        charge = event.attributes
        return Explanation(
            severity=spike_severity(float(charge.amount), float(threshold)),
            description=(
                f"One charge of {written(charge.amount, charge.currency)}; usual is "
                f"{written(history.mean, charge.currency)} over {counted(history.count, 'charge')} in the "
                f"{self._thresholds.history_days} days before (alert above {written(threshold, charge.currency)})."
            ),
            trigger_events=(event,),
            baseline=Baseline(
                metric=f"charge_amount_{charge.currency}",
                observed=float(charge.amount),
                expected=float(history.mean),
                threshold=float(threshold),
                sample_size=history.count,
            ),
        )

    def _threshold(self, history: Summary[Decimal]) -> Decimal:
        limits = self._thresholds
        deviation = max(history.variance.sqrt(), history.mean * limits.least_deviation)
        return max(history.mean + deviation * limits.deviations, history.mean * limits.times_mean, limits.least_amount)

    def _history_in(self, currency: str) -> DailyHistory[Decimal]:
        if currency not in self._histories:
            if len(self._histories) >= self._thresholds.max_currencies:
                self._histories.popitem(last=False)
            self._histories[currency] = DailyHistory(self._thresholds.history_days, Decimal(0))
        self._histories.move_to_end(currency)
        return self._histories[currency]
