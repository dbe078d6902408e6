"""Carries out an approved action, and closes the case."""

from durabletask import task

from contracts.case import CaseOutcome
from contracts.steps import ActionOutcome, CloseCaseInput, ExecuteActionInput, ReconcileActionInput
from worker.orchestrations import activity_stubs
from worker.orchestrations.activity_stubs import Orchestration
from worker.orchestrations.case import OpenCase
from worker.orchestrations.reconciliation import reconcile


def carry_out(
    ctx: task.OrchestrationContext, case: OpenCase, order: ExecuteActionInput
) -> Orchestration[ActionOutcome]:
    """Make the effects of what was approved happen, and remember in the case which were done."""
    case.status.transition("acting")
    try:
        result = yield from activity_stubs.execute_action(ctx, order)
    except task.TaskFailedError:
        # The case stays in `acting` until the result is known or given up.
        result = yield from reconcile(
            ctx,
            case.reconcile_hours,
            lambda last: activity_stubs.reconcile_action(ctx, ReconcileActionInput(order=order, last=last)),
            lambda found: any(effect.status == "unknown" for effect in found.effects),
        )
    case.done.update(effect.action for effect in result.effects if effect.status == "done")
    return result


def close(
    ctx: task.OrchestrationContext, case: OpenCase, round_number: int, outcome: CaseOutcome
) -> Orchestration[CaseOutcome]:
    """Record the outcome; the orchestration ends with it."""
    closing = CloseCaseInput(case_id=case.case_id, round=round_number, outcome=outcome)
    yield from activity_stubs.close_case(ctx, closing)
    case.status.transition("closed", outcome=outcome)
    return outcome
