"""Builds the assessment that a person sees, from the reports and the aggregator's judgement."""

from collections.abc import Callable, Sequence

from contracts.alert import asks_for
from contracts.assessment import RiskAssessment
from contracts.investigation import AssessmentTask
from worker.domain.evidence import evidence_hash
from worker.domain.memory import was_asked
from worker.domain.reasoning import opinion_in
from worker.domain.risk import is_usable, level_of
from worker.domain.routing import Judgement, route_case
from worker.domain.rule_floor import not_applied

NO_JUDGEMENT = Judgement(score=None, action=None, reasoning="The risk aggregator gave no judgement.")


def assess(
    task: AssessmentTask, judgement: Judgement, rules: Callable[[], Sequence[str]] = not_applied
) -> RiskAssessment:
    """The assessment of one round, after the guard rails.

    Without evidence, or without a score from 0 to 1, it rates nothing and recommends nothing. `rules` say why the
    recorded answers are not benign; without them no case is cleared automatically.
    """
    opinion = opinion_in(task, judgement.score, judgement.reasoning) if is_usable(judgement.score) else None
    has_evidence = any(report.has_evidence for report in task.reports)
    score = judgement.score if has_evidence and is_usable(judgement.score) else None
    routing = route_case(
        task.case_id,
        task.alerts,
        task.reports,
        judgement,
        task.policy,
        rules,
        feedback_given=was_asked(task.memory),
        was_asked=task.round > 1 and task.was_asked,
        opinion=opinion,
    )
    action = None if score is None else routing.action
    return RiskAssessment(
        round=task.round,
        overall_risk_score=score,
        risk_level=level_of(score),
        recommended_action=action,
        model_recommendation=judgement.action if judgement.action != action else None,
        reasoning=judgement.reasoning,
        reasoning_unsupported_reason=opinion,
        reports=task.reports,
        refund_charge_ids=routing.refund_charge_ids,
        route=routing.route,
        route_reasons=routing.reasons,
        asks_for=asks_for(task.alerts, score),
        quality_check=routing.quality_check,
        evidence_hash=evidence_hash(task.reports),
    )
