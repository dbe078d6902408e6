"""Carrying out what was approved, and closing the case."""

from durabletask import task

from contracts.assessment import RiskAssessment
from contracts.case import CaseOutcome
from contracts.investigation import ActionOrder, Closing
from contracts.review import Decision
from worker import calls
from worker.calls import Steps
from worker.domain.deciding import OUTCOME_OF, outcome_of
from worker.orchestrations.case import OpenCase


def carry_out(
    ctx: task.OrchestrationContext, case: OpenCase, assessment: RiskAssessment, decision: Decision
) -> Steps[CaseOutcome]:
    """Do what was approved and close the case accordingly."""
    if decision.action is None or decision.action == "clear":
        return (yield from close(ctx, case, assessment.round, OUTCOME_OF["clear"]))
    case.board.enter("acting")
    order = ActionOrder(
        case_id=case.case_id,
        customer_id=case.alert.customer_id,
        decision=decision,
        refund_charge_ids=assessment.refund_charge_ids,
    )
    try:
        result = yield from calls.execute_action(ctx, order)
    except task.TaskFailedError:
        result = yield from calls.give_up_action(ctx, order)
    return (yield from close(ctx, case, assessment.round, outcome_of(decision.action, result.effects)))


def close(
    ctx: task.OrchestrationContext, case: OpenCase, round_number: int, outcome: CaseOutcome
) -> Steps[CaseOutcome]:
    """Record the outcome; the orchestration ends with it."""
    yield from calls.close_case(ctx, Closing(case_id=case.case_id, round=round_number, outcome=outcome))
    case.board.enter("closed", outcome=outcome)
    return outcome
