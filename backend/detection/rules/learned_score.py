"""Learned score: a model that has learned from reviewers' verdicts takes a charge for fraud."""

from collections.abc import Sequence
from functools import partial

from backend.detection.charge_risk import ChargeRisk
from backend.detection.parameters import LearnedScore
from backend.detection.rule import Explanation, Rule, RuleHit
from contracts.alert import Baseline
from contracts.telemetry import TelemetryEvent, TransactionEvent


class LearnedScoreRule(Rule[LearnedScore]):
    """Fires on a charge whose score is high. It judges by the score alone, which the detector shows it."""

    KINDS = ()

    def judge(self, event: TransactionEvent, t: float, facts: ChargeRisk) -> RuleHit | None:
        if facts.model == 0 or facts.score < self.parameters.least_score:
            return None
        return RuleHit(t, partial(self._explain, event, facts))

    def _explain(self, event: TransactionEvent, risk: ChargeRisk, _: Sequence[TelemetryEvent]) -> Explanation:
        least = self.parameters.least_score
        return Explanation(
            severity="high" if risk.score >= self.parameters.high_score else "medium",
            description=(
                f"Risk score {risk.score:.1%} by model {risk.model} (alert from {least:.1%}); {risk.reasons()}."
            ),
            trigger_events=(event,),
            baseline=Baseline(metric="risk_score", observed=risk.score, threshold=least),
        )
