"""The mark of a task hub: its input names the casebook, and it does nothing."""

from durabletask import task

from runtime.data_converter import RawPayload
from worker.orchestrations.activity_stubs import Orchestration

_NEVER = "never"


def hub_owner(ctx: task.OrchestrationContext, owner: RawPayload) -> Orchestration[None]:  # noqa: ARG001 it is only kept
    """Stays for ever: what has ended is swept away by the retention of some schedulers."""
    yield ctx.wait_for_external_event(_NEVER)
