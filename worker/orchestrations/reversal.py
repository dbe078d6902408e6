"""The orchestration of an approved reversal."""

import logging

from durabletask import task

from contracts.effect import EffectStatus
from contracts.steps import ReconcileReversalInput, ReversalOrder, ReversalOutcome
from runtime.data_converter import RawPayload
from worker.domain.failures import StepFailed
from worker.orchestrations import activity_stubs
from worker.orchestrations.activity_stubs import Orchestration
from worker.orchestrations.reconciliation import reconcile

log = logging.getLogger(__name__)


def reversal(ctx: task.OrchestrationContext, order: RawPayload) -> Orchestration[EffectStatus]:
    """Carry out one approved `ReversalOrder` and end with its result. An order that cannot be read fails it.

    Anybody who reaches the scheduler can order one: what the casebook does not know as approved is not done.
    """
    try:
        return (yield from _reverse(ctx, activity_stubs.decode(order, ReversalOrder)))
    except (task.NonDeterminismError, StepFailed):
        raise
    except Exception as fault:
        if not ctx.is_replaying:
            log.exception("The reversal failed.", extra={"case_id": ctx.instance_id})
        failed = StepFailed(activity_stubs.error_behind(fault), ctx.instance_id)
    raise failed


def _reverse(ctx: task.OrchestrationContext, approved: ReversalOrder) -> Orchestration[EffectStatus]:
    try:
        effect = yield from activity_stubs.execute_reversal(ctx, approved)
    except activity_stubs.Refused:
        return "failed"
    except task.TaskFailedError:
        effect = yield from reconcile(
            ctx,
            None,
            lambda last: activity_stubs.reconcile_reversal(ctx, ReconcileReversalInput(order=approved, last=last)),
            _in_doubt,
        )
    return effect.status


def _in_doubt(effect: ReversalOutcome) -> bool:
    return effect.status == "unknown"
