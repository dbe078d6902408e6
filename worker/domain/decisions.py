"""What follows from a decision: the effects, and the outcome of the case."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from contracts.actions import ACTIONS, EffectAction, RecommendedAction, action_of, recommended
from contracts.assessment import RiskAssessment
from contracts.case import CaseOutcome
from contracts.effect import Effect
from contracts.hashing import content_hash
from contracts.kinds import kind_of
from contracts.kinds.fraud import FRAUD
from contracts.review import Decision
from contracts.steps import Conclusion, TakenDecision


def planned_effects(keys: Mapping[str, str], action: RecommendedAction) -> tuple[Effect, ...]:
    """The effects of an action, pending, each under its key, which makes a repeated order the same one."""
    return tuple(Effect(key=keys[effect], action=effect, status="pending") for effect in ACTIONS[action].effects)


class _Came(Protocol):
    @property
    def action(self) -> str: ...
    @property
    def status(self) -> str: ...


def conclusion_of(assessment: RiskAssessment) -> Conclusion:
    """What the course of a case hangs on, of an assessment."""
    return Conclusion(
        round=assessment.round,
        assessment_hash=content_hash(assessment),
        score=assessment.overall_risk_score,
        route=assessment.route,
    )


def taken(decision: Decision | None) -> TakenDecision | None:
    """The decision without who decided, and why; of other kinds than fraud also without the action."""
    if decision is None:
        return None
    acts = decision.action is not None and kind_of(decision.review_id) is FRAUD
    action = recommended(decision.action) if acts and decision.action is not None else None
    return TakenDecision(review_id=decision.review_id, verdict=decision.verdict, action=action)


def outcome_of(
    action: RecommendedAction, effects: Sequence[_Came], done_before: Collection[EffectAction] = ()
) -> CaseOutcome:
    """How the case ends: as what was done says, in this round or before, if `action` is; otherwise `failed`."""
    done = {effect.action for effect in effects if effect.status == "done"} | set(done_before)
    return outcome_of_done(done) if done.issuperset(ACTIONS[action].effects) else "failed"


def outcome_of_done(done: Collection[str]) -> CaseOutcome:
    """The outcome that says what was done in the customer's account, and nothing else."""
    return ACTIONS[action_of(done)].outcome
