"""The assessment of one round, and the action that it recommends."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.actions import RecommendedAction
from contracts.autonomy import Decider
from contracts.base import Contract, Score, added_later
from contracts.ids import Hash
from contracts.money import Money
from contracts.report import SpecialistReport, Spend

RiskLevel = Literal["low", "medium", "high", "critical"]
Route = Literal["auto_clear", "review"]


class RiskAssessment(Contract):
    """What the aggregator concluded from the reports of one round, after the guard rails.

    Without evidence, or without a usable judgement, there is no score, no level and no recommendation: what is not
    known is neither harmless nor a reason to act. The case then goes to a person.
    """

    round: Annotated[int, Field(ge=1)]
    overall_risk_score: Score | None
    risk_level: RiskLevel | None
    recommended_action: RecommendedAction | None
    """After the guard rails: never `clear` when they sent the case to a person because of a score."""
    model_recommendation: RecommendedAction | None = None
    """What the aggregator itself said, kept when the guard rails overrule it."""
    reasoning: str
    reasoning_unsupported_reason: str | None = None
    """Why the reasoning is an opinion: one sentence on what it states that the aggregator was not shown."""
    reports: tuple[SpecialistReport, ...]
    refund_charge_ids: tuple[str, ...] = ()
    """The charges that `refund_charges` would refund."""
    route: Route
    route_reasons: tuple[str, ...] = ()
    """Why a person must look: one sentence per guard rail that fired. Empty for an auto-clear."""
    asks_for: tuple[Decider, ...] | None = added_later()
    """Who decides, by the rules that raised the alerts, beside what the policy of the case asks for; left out where
    they ask for nobody but whom it asks for."""
    quality_check: bool = False
    """True when the case would have been cleared and was drawn for the quality sample."""
    evidence_hash: Hash
    """Over the reports: their findings and the hashes of the tool results that they rest on."""
    model: str | None = None
    tokens: Annotated[int, Field(ge=0)] = 0
    duration_ms: Annotated[int, Field(ge=0)] = 0
    refund_total: tuple[Money, ...] | None = None
    """What `refund_charge_ids` add up to, one amount per currency; null when a charge's amount is not known."""
    model_host: str | None = None
    """Where `model` answered: host and port without credentials. Null where no model did."""
    prompt_version: str | None = None
    """Which text of the aggregator's prompt asked for it."""
    spend: Spend | None = None
    """Of the aggregator alone; each report carries its own."""

    @property
    def is_judged(self) -> bool:
        """Whether there is a score, and evidence for it."""
        return self.overall_risk_score is not None and any(report.has_evidence for report in self.reports)
