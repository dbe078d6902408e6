"""Reads the record of a case for its steps, and answers when the record refuses a step."""

import functools
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from durabletask import task

from casebook.errors import AlertsJoined, CaseMerged, ConversationMoved, TransitionRefused
from contracts.brief import CaseBrief
from contracts.investigation import InvestigationPolicy
from contracts.steps import Refusal
from runtime.log_lines import about_case
from worker.domain.failures import StepFailed, id_of
from worker.ports.record import CaseRecord

log = logging.getLogger(__name__)


class Briefs:
    """What is on record of cases, for their steps. A case that nobody began on record begins with the first of them.

    The policy in an orchestration came through the scheduler: whoever answered its first step may have forged it.
    """

    def __init__(self, record: CaseRecord, policy: InvestigationPolicy | None) -> None:
        self._record = record
        self._policy = policy

    def of(self, case_id: str, round_number: int, known: CaseBrief | None = None) -> CaseBrief:
        """The case as of one round; `known` when it was just read."""
        brief = known or self._record.brief(case_id, round_number)
        if brief.policy is not None or self._policy is None:
            return brief
        if brief.was_asked:
            # It was left to a manager before it ever began.
            return replace(brief, policy=self._policy)
        self._record.start_round(case_id, 1, self._policy)
        return self._record.brief(case_id, round_number)


def for_the_scheduler(activity: Callable[..., Any]) -> Callable[..., Any]:
    """The activity as the scheduler hears of it.

    Every line that is logged in it names its case.

    It answers with a `Refusal` what nothing on record justifies: to try it again would be no use. Of whatever else
    goes wrong the scheduler gets an id: an error's message may quote a customer, and is in this worker's log.
    """

    @functools.wraps(activity)
    def answer(context: task.ActivityContext, order: Any) -> Any:
        try:
            with about_case(context.orchestration_id.partition(":")[0]):
                return activity(context, order)
        except (TransitionRefused, AlertsJoined, CaseMerged, ConversationMoved) as refusal:
            return Refusal(refused=refusal.id)
        except Exception as fault:
            case_id = context.orchestration_id
            log.warning("The step %s failed: %s", activity.__name__, fault, exc_info=fault, extra={"case_id": case_id})
            failed = StepFailed(id_of(fault), case_id)
        # Not within the handler: what goes before would travel with it.
        raise failed

    return answer
