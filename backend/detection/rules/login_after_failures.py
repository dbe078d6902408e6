"""A login that succeeds after failures, from elsewhere than usual: a password was guessed."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from backend.detection.descriptions import counted, duration
from backend.detection.evidence import failures_among, newest
from backend.detection.parameters import LoginAfterFailures
from backend.detection.rule import Explanation, Rule, RuleHit
from backend.detection.state.addresses import WINDOW_S
from backend.detection.state.customer import FAILURES_S, LoginFacts
from contracts.alert import Baseline
from contracts.telemetry import LoginEvent, TelemetryEvent


class LoginAfterFailuresRule(Rule[LoginAfterFailures]):
    """Guessed at one customer, or sprayed over many."""

    KINDS = ("login",)

    def judge(self, event: LoginEvent, t: float, facts: LoginFacts) -> RuleHit | None:
        limits, address = self.parameters, facts.address
        if event.attributes.ip is None and event.attributes.device_id is None:
            return None
        if address is None and facts.failures < limits.min_failures:
            return None
        sprayed = 0 if address is None else address.failing(t, event.customer_id)
        if facts.failures < limits.min_failures and sprayed < limits.min_sprayed:
            return None
        # Of the failures' time itself: an address that began to be used with them is not known.
        known_before = t - max(FAILURES_S, WINDOW_S)
        if any(
            since is not None and since <= known_before - 3_600.0 for since in (facts.address_since, facts.device_since)
        ):
            return None
        if address is not None and sprayed >= limits.min_sprayed and address.succeeding(t) > sprayed:
            sprayed = 0  # people share it
            if facts.failures < limits.min_failures:
                return None
        return RuleHit(t, partial(self._explain, event, facts.failures, sprayed))

    def _explain(self, event: LoginEvent, failures: int, sprayed: int, recent: Sequence[TelemetryEvent]) -> Explanation:
        limits = self.parameters
        is_spraying = sprayed >= limits.min_sprayed
        about: list[str] = []
        if failures:
            about.append(f"{counted(failures, 'failed login')} in the {duration(timedelta(seconds=FAILURES_S))} before")
        if is_spraying:
            about.append(
                f"failed logins of {counted(sprayed, 'other customer')} from the same address in the "
                f"{duration(timedelta(seconds=WINDOW_S))} before"
            )
        found = newest(failures_among(recent), event, event.occurred_at.timestamp(), FAILURES_S)
        observed, threshold = (sprayed, limits.min_sprayed) if is_spraying else (failures, limits.min_failures)
        bar = "other customers" if is_spraying else "failures"
        return Explanation(
            severity="critical" if is_spraying or failures >= limits.critical_failures else "high",
            description=(
                f"Login after {' and '.join(about)}, from an address or device that is new for this customer "
                f"(alert at {threshold} {bar})."
            ),
            trigger_events=found,
            baseline=Baseline(
                metric="sprayed_customers_in_30_minutes" if is_spraying else "failures_in_10_minutes",
                observed=float(observed),
                threshold=float(threshold),
            ),
        )
