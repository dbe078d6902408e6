"""One run of the schedule that resets message counts: has it done, if the record says that it is due."""

import logging

from durabletask import task

from contracts.steps import CountResetOrder
from runtime.data_converter import RawPayload
from worker.domain.failures import StepFailed
from worker.orchestrations import activity_stubs
from worker.orchestrations.activity_stubs import Orchestration
from worker.orchestrations.case import now

log = logging.getLogger(__name__)


def count_reset(ctx: task.OrchestrationContext, _: RawPayload) -> Orchestration[bool]:
    """Whether message counts were reset. Of its order only the day counts on which it began, by the scheduler's clock.

    Whether that day is due is on record alone.
    """
    try:
        done = yield from activity_stubs.reset_counts(ctx, CountResetOrder(day=now(ctx).date().isoformat()))
    except (task.NonDeterminismError, StepFailed):
        raise
    except Exception as fault:
        if not ctx.is_replaying:
            log.exception("The reset failed: it is started again.", extra={"case_id": ctx.instance_id})
        failed = StepFailed(activity_stubs.error_behind(fault), ctx.instance_id)
    else:
        return done.done
    raise failed
