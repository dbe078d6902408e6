"""A transfer soon after a means of recovery was changed: the mark of an account that was taken over."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from backend.detection.descriptions import duration
from backend.detection.evidence import newest
from backend.detection.parameters import RuleVersion, TransferAfterChange
from backend.detection.rule import Explanation, Rule, RuleHit
from backend.detection.state.customer import ChargeFacts
from contracts.alert import Baseline
from contracts.money import minor_factor, written
from contracts.telemetry import AccountChangeEvent, TelemetryEvent, TransactionEvent

_MOVES_MONEY = ("transfer", "withdrawal")
_NAMES = {"sim": "SIM", "email": "e-mail address", "phone": "phone number", "address": "postal address"}


class TransferAfterChangeRule(Rule[TransferAfterChange]):
    """Fires on transfers and withdrawals, by the newest change before them."""

    KINDS = ("transaction",)

    def __init__(self, version: RuleVersion, parameters: TransferAfterChange, key: str) -> None:
        super().__init__(version, parameters, key)
        self._within_s = parameters.within_hours * 3_600.0

    def judge(self, event: TransactionEvent, t: float, facts: ChargeFacts) -> RuleHit | None:
        changes = facts.changes
        if changes is None or event.attributes.type not in _MOVES_MONEY:
            return None
        before = [change for change in changes if 0.0 <= t - change[0] <= self._within_s]
        if not before or facts.spending.amount < self.parameters.least_amount * minor_factor(facts.currency):
            return None
        return RuleHit(t, partial(self._explain, event, t, before))

    def _explain(
        self,
        event: TransactionEvent,
        t: float,
        changes: Sequence[tuple[float, str]],
        recent: Sequence[TelemetryEvent],
    ) -> Explanation:
        kinds = dict.fromkeys(_NAMES.get(what, what) for _, what in changes)
        gap = t - changes[-1][0]
        charge = event.attributes
        found = newest((each for each in recent if isinstance(each, AccountChangeEvent)), event, t, self._within_s + 1)
        is_recovery = any(what in ("sim", "email", "phone") for _, what in changes)
        return Explanation(
            severity="critical" if is_recovery and gap <= 3_600.0 else "high",
            description=(
                f"{(charge.type or 'transfer').capitalize()} of {written(charge.amount, charge.currency)} "
                f"{duration(timedelta(seconds=gap))} after a change of {' and '.join(kinds)} "
                f"(alert within {duration(timedelta(seconds=self._within_s))})."
            ),
            trigger_events=found,
            baseline=Baseline(metric="minutes_after_change", observed=gap / 60.0, threshold=self._within_s / 60.0),
        )
