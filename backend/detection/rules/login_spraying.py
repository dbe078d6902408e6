"""Spraying: one address tries a few passwords at many customers."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from backend.detection.descriptions import counted, duration
from backend.detection.evidence import address_of, failures_among, newest
from backend.detection.parameters import LoginSpraying
from backend.detection.rule import Explanation, Rule, RuleHit
from backend.detection.state.addresses import MAX_CUSTOMERS, WINDOW_S
from backend.detection.state.customer import FailureFacts
from contracts.alert import Baseline
from contracts.telemetry import TelemetryEvent


class LoginSprayingRule(Rule[LoginSpraying]):
    """Fires about each customer whose login fails once the address has failed for many."""

    KINDS = ("auth_failure",)

    def judge(self, event: TelemetryEvent, t: float, facts: FailureFacts) -> RuleHit | None:
        address = facts.address
        if address is None:
            return None
        limits = self.parameters
        failing = address.failing(t)
        if failing < limits.min_customers:
            return None
        succeeding = address.succeeding(t)
        if succeeding > limits.max_share_succeeded * (succeeding + failing):
            return None
        if not address.report(self.key, t, self.window_s):
            return None
        return RuleHit(t, partial(self._explain, event, failing))

    def _explain(self, event: TelemetryEvent, failing: int, recent: Sequence[TelemetryEvent]) -> Explanation:
        limits = self.parameters
        count = f"{MAX_CUSTOMERS} or more" if failing >= MAX_CUSTOMERS else str(failing)
        return Explanation(
            severity="high",
            description=(
                f"Failed logins of {count} customers from the address {address_of(event)} within "
                f"{duration(timedelta(seconds=WINDOW_S))}, this one the last (alert at "
                f"{counted(limits.min_customers, 'customer')})."
            ),
            trigger_events=newest(failures_among(recent), event, event.occurred_at.timestamp(), WINDOW_S),
            baseline=Baseline(
                metric="sprayed_customers_in_30_minutes",
                observed=float(failing),
                threshold=float(limits.min_customers),
            ),
        )
