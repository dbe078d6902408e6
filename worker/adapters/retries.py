"""Makes non-retriable failures final, whatever the step's retry policy.

The protocol marks a failure that another attempt cannot fix (`isNonRetriable`): work that killed every worker that got
it, or a payload that is too large. The SDK's Python worker ignores the mark, and would schedule such work again
for each attempt of its policy.
"""

from datetime import timedelta

import durabletask.worker as sdk
from durabletask import task
from durabletask.internal import orchestrator_service_pb2 as pb

NO_MORE = task.RetryPolicy(first_retry_interval=timedelta(0), max_number_of_attempts=1)


class _Executor(sdk._OrchestrationExecutor):  # pyright: ignore[reportPrivateUsage] -- the SDK has no hook for this
    def process_event(
        self,
        ctx: sdk._RuntimeOrchestrationContext,  # pyright: ignore[reportPrivateUsage]
        event: pb.HistoryEvent,
    ) -> None:
        failed = _failed_step(event)
        pending = None if failed is None else ctx._pending_tasks.get(failed)  # pyright: ignore[reportPrivateUsage]
        if isinstance(pending, task.RetryableTask):
            pending._retry_policy = NO_MORE  # pyright: ignore[reportPrivateUsage]
        super().process_event(ctx, event)


def _failed_step(event: pb.HistoryEvent) -> int | None:
    """The step that this event ends for good, if it does."""
    match event.WhichOneof("eventType"):
        case "taskFailed":
            failure, step = event.taskFailed.failureDetails, event.taskFailed.taskScheduledId
        case "subOrchestrationInstanceFailed":
            child = event.subOrchestrationInstanceFailed
            failure, step = child.failureDetails, child.taskScheduledId
        case _:
            return None
    return step if failure.isNonRetriable else None


def heed_final_failures() -> None:
    """Makes every worker of this process heed the mark."""
    sdk._OrchestrationExecutor = _Executor  # pyright: ignore[reportPrivateUsage]
