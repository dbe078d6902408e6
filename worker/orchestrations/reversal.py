"""Taking back one effect of a case, once that has been approved: an orchestration of its own."""

from durabletask import task

from contracts.converter import Undecoded
from contracts.effect import Effect, EffectStatus
from contracts.investigation import ReversalReconciliation
from contracts.reversal import Reversal
from worker import calls
from worker.calls import Steps
from worker.orchestrations.reconciling import reconcile


def reversal(ctx: task.OrchestrationContext, order: Undecoded) -> Steps[EffectStatus]:
    """Carry out one approved `Reversal` and end with what came of it. An order that cannot be read fails it.

    Anybody who reaches the scheduler can order one: what the casebook does not know as approved is not done.
    """
    approved = calls.decode(order, Reversal)
    try:
        effect = yield from calls.execute_reversal(ctx, approved)
    except calls.Refused:
        return "failed"
    except task.TaskFailedError:
        effect = yield from reconcile(
            ctx,
            None,
            lambda last: calls.reconcile_reversal(ctx, ReversalReconciliation(reversal=approved, last=last)),
            _in_doubt,
        )
    return effect.status


def _in_doubt(effect: Effect) -> bool:
    return effect.status == "unknown"
