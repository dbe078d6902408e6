"""What is on record of a case, for its steps, and an answer where the record refuses one."""

import functools
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from durabletask import task

from casebook.errors import TransitionRefused
from contracts.brief import CaseBrief
from contracts.investigation import InvestigationPolicy, Refusal
from worker.ports.record import CaseRecord

log = logging.getLogger(__name__)


class Briefs:
    """What is on record of cases, for their steps. A case that nobody began on record begins with the first of them.

    What an orchestration says of the limits came through the scheduler: whoever answered for its beginning named them.
    """

    def __init__(self, record: CaseRecord, policy: InvestigationPolicy | None) -> None:
        self._record = record
        self._policy = policy

    def of(self, case_id: str, round_number: int, known: CaseBrief | None = None) -> CaseBrief:
        """The case as of one round; `known` when it was just read."""
        brief = known or self._record.brief(case_id, round_number)
        if brief.has_begun or self._policy is None:
            return brief
        if brief.was_asked:
            # It was left to a manager before it ever began.
            return replace(brief, policy=self._policy)
        self._record.start_round(case_id, 1, self._policy)
        return self._record.brief(case_id, round_number)


def answering_refusals(activity: Callable[..., Any]) -> Callable[..., Any]:
    """The activity, answering with a `Refusal` what nothing on record justifies: to try it again would be no use."""

    @functools.wraps(activity)
    def answer(context: task.ActivityContext, order: Any) -> Any:
        try:
            return activity(context, order)
        except TransitionRefused as refusal:
            return Refusal(refused=refusal.sentence, reason=refusal.id)

    return answer
