"""The steps of a turn: drafts a reply, sends it, or does what a person decided about it."""

import logging
from collections.abc import Sequence

from durabletask import task

from casebook.chat_api import ChatApi
from casebook.errors import TurnEnded
from contracts.chat import ChatDraft
from contracts.hashing import content_hash
from contracts.ids import run_id
from contracts.journal import JournalEntry
from contracts.reply import ReplyDraft
from contracts.steps import (
    ChatTurnOrder,
    DraftedReply,
    DraftReplyInput,
    DraftResult,
    TurnResult,
    TurnRoundInput,
)
from worker.agents.chat import ChatAgent
from worker.agents.journal import RunJournal

log = logging.getLogger(__name__)


class ChatSteps:
    """Every step of a turn but the questions to people, which are those of every case."""

    def __init__(self, record: ChatApi, agent: ChatAgent) -> None:
        self._record = record
        self._agent = agent

    def draft_reply(self, _: task.ActivityContext, order: DraftReplyInput) -> DraftResult:
        """Draft a reply; one that is on record, and later than round `after`, is returned as it is."""
        try:
            return DraftResult(drafted=_drafted(self._draft(order)))
        except TurnEnded as ended:
            return DraftResult(ended=ended.state)

    def send_reply(self, _: task.ActivityContext, order: TurnRoundInput) -> TurnResult:
        """Send what was drafted in a round."""
        return _ended(TurnResult(state=self._record.send_reply(order.turn_id, order.round)))

    def follow_decision(self, _: task.ActivityContext, order: TurnRoundInput) -> TurnResult:
        """Do what a person decided about the draft of a round."""
        return _ended(TurnResult(state=self._record.follow_decision(order.turn_id, order.round)))

    def give_up_turn(self, _: task.ActivityContext, order: ChatTurnOrder) -> TurnResult:
        """End a turn for which no reply could be written."""
        return _ended(TurnResult(state=self._record.fail_turn(order.turn_id)))

    def _draft(self, order: DraftReplyInput) -> ChatDraft:
        basis = self._record.begin_draft(order.turn_id, order.after)
        if isinstance(basis, ChatDraft):
            return basis
        journal = RunJournal(_TurnJournal(self._record), basis.turn_id, run_id(basis.round, "chat"), basis.journal)
        with journal.kept_when_broken():
            drafted = self._agent.draft(basis, journal)
            return self._record.keep_draft(basis.turn_id, drafted, journal.answers)


class _TurnJournal:
    """The journal of a turn, which belongs to no case."""

    def __init__(self, record: ChatApi) -> None:
        self._record = record

    def save_journal(self, case_id: str, entries: Sequence[JournalEntry]) -> None:
        self._record.keep_calls(case_id, entries)


def asked_draft(draft: ChatDraft) -> ReplyDraft:
    """What a person is asked about."""
    return ReplyDraft(round=draft.round, text=draft.text, model=draft.model, task_changes=draft.task_changes or None)


def _drafted(draft: ChatDraft) -> DraftedReply:
    flagged = bool(draft.flagged_because)
    log.info("Round %d is drafted%s.", draft.round, ", and needs a person" if flagged else "")
    return DraftedReply(round=draft.round, draft_hash=content_hash(asked_draft(draft)), is_flagged=flagged)


def _ended(result: TurnResult) -> TurnResult:
    log.info("The turn has ended: %s.", result.state)
    return result
