"""One message to the assistant, from its draft to its reply. A reply that needs a person is asked about as a case."""

import logging

from durabletask import task

from contracts.chat import TurnState
from contracts.kinds.reply import REPLY
from contracts.steps import ChatTurnOrder, Conclusion, DraftedReply, DraftReplyInput, TurnRoundInput
from runtime.data_converter import RawPayload
from worker.domain.failures import StepFailed
from worker.orchestrations import activity_stubs
from worker.orchestrations.activity_stubs import Orchestration
from worker.orchestrations.case import CaseStatus, OpenCase
from worker.orchestrations.review import Subject, ask_analyst, go_on_asking

log = logging.getLogger(__name__)


def chat_turn(ctx: task.OrchestrationContext, order: RawPayload) -> Orchestration[TurnState]:
    """Answer one message; `order` is a `ChatTurnOrder`.

    When it fails, the backend starts it again from the record. The cause is in this worker's log: the scheduler gets an
    id only.
    """
    try:
        return (yield from _answer(ctx, activity_stubs.decode(order, ChatTurnOrder).turn_id))
    except (task.NonDeterminismError, StepFailed):
        raise
    except Exception as fault:
        if not ctx.is_replaying:
            log.exception("The turn failed: it is started again.", extra={"case_id": ctx.instance_id})
        failed = StepFailed(activity_stubs.error_behind(fault), ctx.instance_id)
    raise failed


def _answer(ctx: task.OrchestrationContext, turn_id: str) -> Orchestration[TurnState]:
    case = OpenCase(REPLY.case_id(turn_id), 1, None, CaseStatus(ctx))
    after = 0
    while True:
        try:
            result = yield from activity_stubs.draft_reply(ctx, DraftReplyInput(turn_id=turn_id, after=after))
        except task.TaskFailedError:
            # One with a draft stays open, and is started again.
            return (yield from activity_stubs.give_up_turn(ctx, ChatTurnOrder(turn_id=turn_id))).state
        drafted = result.drafted
        if drafted is None:
            return result.ended or "failed"
        try:
            return (yield from _send(ctx, case, turn_id, drafted))
        except activity_stubs.ConversationMoved:
            # What was drafted does not know the newest message; the next draft does.
            after = drafted.round
            case.status.transition("investigating", round_number=after + 1)


def _send(
    ctx: task.OrchestrationContext, case: OpenCase, turn_id: str, drafted: DraftedReply
) -> Orchestration[TurnState]:
    sending = TurnRoundInput(turn_id=turn_id, round=drafted.round)
    if not drafted.is_flagged:
        return (yield from activity_stubs.send_reply(ctx, sending)).state
    case.status.transition("assessing")
    concluded = Conclusion(round=drafted.round, assessment_hash=drafted.draft_hash, score=None, route="review")
    answer = yield from ask_analyst(ctx, case, Subject(concluded))
    while True:
        try:
            ended = yield from activity_stubs.follow_decision(ctx, sending)
            case.status.show_closed(ended.state)
            return ended.state
        except activity_stubs.Refused:
            answer = yield from go_on_asking(ctx, case, answer)
