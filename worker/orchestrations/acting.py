"""Carrying out what was approved, and closing the case."""

from typing import cast

from durabletask import task

from contracts.assessment import EffectAction
from contracts.case import CaseOutcome
from contracts.investigation import ActionOrder, ActionResult, Closing, Reconciliation
from worker import calls
from worker.calls import Steps
from worker.orchestrations.case import OpenCase
from worker.orchestrations.reconciling import reconcile


def carry_out(ctx: task.OrchestrationContext, case: OpenCase, order: ActionOrder) -> Steps[ActionResult]:
    """Make the effects of what was approved happen, and remember in the case which were done."""
    case.board.enter("acting")
    try:
        result = yield from calls.execute_action(ctx, order)
    except task.TaskFailedError:
        result = yield from _find_out(ctx, case, order)
    case.done.update(cast("EffectAction", effect.action) for effect in result.effects if effect.status == "done")
    return result


def _find_out(ctx: task.OrchestrationContext, case: OpenCase, order: ActionOrder) -> Steps[ActionResult]:
    """What came of an action whose every attempt failed. The case stays in `acting` until that is known or given up."""
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
