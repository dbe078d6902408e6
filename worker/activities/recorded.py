"""Noting what steps were told of a case that its record does not bear out, and answering for what it refuses."""

import functools
import logging
from collections.abc import Callable
from typing import Any

from durabletask import task

from casebook.errors import Unjustified
from contracts.brief import CaseBrief
from contracts.investigation import AssessmentOrder, Refusal, SpecialistOrder
from worker.domain.recorded import is_of_another_case
from worker.ports.record import CaseRecord

log = logging.getLogger(__name__)


def note_other_alert(record: CaseRecord, order: SpecialistOrder | AssessmentOrder, brief: CaseBrief) -> None:
    """Count an order about another alert than the case's own."""
    if order.alert is not None and is_of_another_case(order.alert, brief):
        record.note_other_alert(order.case_id)


def answering_refusals(activity: Callable[..., Any]) -> Callable[..., Any]:
    """The activity, answering with a `Refusal` what nothing on record justifies: to try it again would be no use."""

    @functools.wraps(activity)
    def answer(context: task.ActivityContext, order: Any) -> Any:
        try:
            return activity(context, order)
        except Unjustified as refusal:
            return Refusal(refused=refusal.sentence, reason=refusal.id)

    return answer
