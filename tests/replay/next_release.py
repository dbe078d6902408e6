"""A release after this one, made up: version 1.1 of the investigation takes one step before all others.

It shows how a release changes the course of a case: it branches on `ctx.version`, and what it adds to a contract is
`added_later`.
"""

from typing import Any

from durabletask import task

from contracts import names
from contracts.base import added_later
from contracts.steps import Investigation
from runtime.data_converter import RawPayload
from worker.orchestrations import activity_stubs
from worker.orchestrations import investigation as today

NEXT_VERSION = "1.1"
WEIGH_ALERT = "weigh_alert"


class NextInvestigation(Investigation):
    """Input of the next release's orchestration."""

    queue: str | None = added_later()


class NextRelease:
    """The orchestration and the activity of the next release; which cases took the new step."""

    def __init__(self) -> None:
        self.weighed: list[str] = []

    def weigh_alert(self, _: task.ActivityContext, order: NextInvestigation) -> None:
        """The step that 1.0 does not know."""
        self.weighed.append(order.case_id)


def investigation(ctx: task.OrchestrationContext, order: RawPayload) -> activity_stubs.Orchestration[Any]:
    """The next release's investigation. Cases of 1.0 keep to their course."""
    if ctx.version == NEXT_VERSION:
        read = activity_stubs.decode(order, NextInvestigation)
        yield ctx.call_activity(WEIGH_ALERT, input=read, return_type=RawPayload)
        order = RawPayload(Investigation(case_id=read.case_id).model_dump_json())
    return (yield from today.investigation(ctx, order))


assert investigation.__name__ == names.INVESTIGATION
