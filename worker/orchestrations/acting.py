"""Carrying out what was approved, and closing the case."""

from durabletask import task

from contracts.assessment import RiskAssessment
from contracts.case import CaseOutcome
from contracts.investigation import ActionOrder, ActionResult, Closing, Reconciliation
from contracts.review import Decision
from worker import calls
from worker.calls import Steps
from worker.domain.deciding import OUTCOME_OF, outcome_of
from worker.domain.facts import order_for
from worker.orchestrations.case import OpenCase
from worker.orchestrations.reconciling import reconcile


def carry_out(
    ctx: task.OrchestrationContext, case: OpenCase, assessment: RiskAssessment, decision: Decision
) -> Steps[CaseOutcome]:
    """Do what was approved and close the case accordingly."""
    if decision.action is None or decision.action == "clear":
        return (yield from close(ctx, case, assessment.round, OUTCOME_OF["clear"]))
    case.board.enter("acting")
    order = order_for(case.case_id, case.alert.customer_id, assessment, decision)
    if not case.features.fact_checks:
        order = order.model_copy(update={"facts": None})
    try:
        result = yield from calls.execute_action(ctx, order, can_reconcile=case.features.reconciliation)
    except task.TaskFailedError:
        result = yield from _find_out(ctx, case, order)
    return (yield from close(ctx, case, assessment.round, outcome_of(decision.action, result.effects)))


def _find_out(ctx: task.OrchestrationContext, case: OpenCase, order: ActionOrder) -> Steps[ActionResult]:
    """What came of an action whose every attempt failed. The case stays in `acting` until that is known or given up."""
    if not case.features.reconciliation:
        return (yield from calls.give_up_action(ctx, order))
    return (
        yield from reconcile(
            ctx,
            case.policy.reconcile_hours,
            lambda last: calls.reconcile_action(ctx, Reconciliation(order=order, last=last)),
            lambda found: any(effect.status == "unknown" for effect in found.effects),
        )
    )


def close(
    ctx: task.OrchestrationContext, case: OpenCase, round_number: int, outcome: CaseOutcome
) -> Steps[CaseOutcome]:
    """Record the outcome; the orchestration ends with it."""
    yield from calls.close_case(ctx, Closing(case_id=case.case_id, round=round_number, outcome=outcome))
    case.board.enter("closed", outcome=outcome)
    return outcome
