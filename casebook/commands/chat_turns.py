"""The steps of a turn: a draft is begun, kept, sent or held back. Each command runs inside one transaction."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from casebook.case_log.call_chain import micro_usd
from casebook.case_log.domain_events import draw, publish
from casebook.commands.chat_messages import lock_user
from casebook.commands.effects import final_decision_on
from casebook.commands.investigation import close_case
from casebook.commands.reviews import asked_review, refuse_overtaken
from casebook.commands.task_plans import carry_out
from casebook.errors import DraftNotOnRecord, TaskChangesUnconfirmed, TurnEnded
from casebook.policy.chat_limits import MAX_STARTS, pause_before_restart
from casebook.policy.task_confirmations import is_permitted
from casebook.policy.task_replies import corrected
from casebook.queries.chat import (
    DraftBasis,
    asked_to_confirm,
    draft_basis,
    is_held,
    kept_draft,
    later_messages,
    turn_row,
)
from casebook.queries.kinds.reply import edited_text
from casebook.queries.tokenizer import join_words, words_of
from casebook.schema.base import PlainRow, table_of
from casebook.schema.chat import ChatCallRow, ChatDraftRow, ChatTurnRow
from contracts.chat import ENDED, ChatDraft, TurnState
from contracts.domain_events import MessageNotSent, MessageSent
from contracts.ids import review_id
from contracts.journal import JournalEntry
from contracts.kinds import action_spec
from contracts.kinds.reply import REPLY
from contracts.steps import CloseCaseInput

_TURNS, _DRAFTS, _CALLS = table_of(ChatTurnRow), table_of(ChatDraftRow), table_of(ChatCallRow)
_CHANGE = update(_TURNS).where(_TURNS.c.turn_id == bindparam("of_turn"))
_SCHEDULED = (
    update(_TURNS)
    .where(_TURNS.c.turn_id == bindparam("of_turn"), _TURNS.c.scheduled_at.is_(None))
    .values(scheduled_at=bindparam("now"))
)
_KEEP_DRAFT = insert(_DRAFTS)
_KEEP_CALL = insert(_CALLS)
_KNOWN_CALLS = select(_CALLS.c.key).where(_CALLS.c.turn_id == bindparam("of_turn"))


def confirm_scheduled(connection: Connection, turn_ids: Sequence[str], now: datetime) -> None:
    """The scheduler has acknowledged the start of these turns; what was confirmed before stays as it was."""
    for turn_id in turn_ids:
        connection.execute(_SCHEDULED, {"of_turn": turn_id, "now": now})


def restart_turn(connection: Connection, turn_id: str, now: datetime) -> int | None:
    """Let a turn be started again whose orchestration is over; how often it was. None: it has ended, or must wait.

    After MAX_STARTS it is given up, unless a person is asked about its reply: then it is started again and again.
    """
    turn = _locked_turn(connection, turn_id, now)
    if turn.state in ENDED or turn.scheduled_at is None:
        return None
    if now < turn.scheduled_at + pause_before_restart(turn.failures):
        return None
    failures = turn.failures + 1
    if failures >= MAX_STARTS and not is_held(connection, turn_id):
        _end_unsent(connection, turn, "failed", now)
    else:
        connection.execute(_CHANGE.values(scheduled_at=None, failures=failures), {"of_turn": turn_id})
    return failures


def begin_draft(connection: Connection, turn_id: str, after: int, now: datetime) -> ChatDraft | DraftBasis:
    """The draft of a turn that is later than round `after`; or else what it is to be written from.

    Raises TurnNotFound, TurnEnded.
    """
    turn = _open_turn(connection, turn_id, now)
    if turn.round > after:
        kept = kept_draft(connection, turn_id, turn.round)
        assert kept is not None, "a turn comes to a round by its draft"
        return kept
    if turn.state == "queued":
        _change(connection, turn_id, state="drafting")
    return draft_basis(connection, turn)


def keep_draft(
    connection: Connection, turn_id: str, draft: ChatDraft, journal: Sequence[JournalEntry], now: datetime
) -> ChatDraft:
    """Keep what was drafted in a round; the first of a round counts and is returned.

    Raises TurnEnded, and TaskChangesUnconfirmed for changes of tasks that the user has to confirm first.
    """
    turn = _open_turn(connection, turn_id, now)
    if draft.task_changes:
        said = (turn.message or "", *later_messages(connection, turn, draft.seen))
        if not is_permitted(draft.task_changes, asked_to_confirm(connection, turn), said):
            raise TaskChangesUnconfirmed(turn_id)
    keep_calls(connection, turn_id, journal, now)
    if turn.round >= draft.round:
        kept = kept_draft(connection, turn_id, draft.round)
        assert kept is not None, "a turn comes to a round by its draft"
        return kept
    connection.execute(
        _KEEP_DRAFT,
        {"turn_id": turn_id, "round": draft.round, "seen": draft.seen, "body": draft.model_dump_json()},
    )
    _change(connection, turn_id, state="checking", round=draft.round)
    return draft


def keep_calls(connection: Connection, turn_id: str, journal: Sequence[JournalEntry], now: datetime) -> None:
    """Keep what models answered while a reply was drafted, and what that cost; the first under a key counts."""
    if not journal:
        return
    known = {*connection.execute(_KNOWN_CALLS, {"of_turn": turn_id}).scalars()}
    day = now.astimezone(UTC).date().isoformat()
    rows = [
        {"turn_id": turn_id, "key": each.key, "response": each.body, "day": day, **_cost_of(each)}
        for each in journal
        if each.key not in known
    ]
    if rows:
        connection.execute(_KEEP_CALL, rows)


def _cost_of(entry: JournalEntry) -> dict[str, object]:
    use = entry.use
    if use is None:
        return {"model": None, "input_tokens": 0, "output_tokens": 0, "cost_micro_usd": None}
    tokens = {"input_tokens": use.input_tokens, "output_tokens": use.output_tokens}
    return {"model": use.model, **tokens, "cost_micro_usd": micro_usd(use.cost_usd)}


def send_reply(connection: Connection, turn_id: str, round_number: int, now: datetime) -> TurnState:
    """Send what was drafted in a round, if nobody has to look at it; how the turn has ended.

    Raises TurnNotFound, DraftNotOnRecord.
    """
    turn = _locked_turn(connection, turn_id, now)
    if turn.state in ENDED:
        return turn.state
    draft = _draft(connection, turn, round_number)
    if draft.flagged_because:
        raise DraftNotOnRecord(turn_id, round_number)
    _send(connection, turn, draft, draft.text, now, reviewed=False)
    return "sent"


def follow_decision(connection: Connection, turn_id: str, round_number: int, now: datetime) -> TurnState:
    """Do what a person decided about the draft of a round, and close its case; how the turn has ended.

    Without a decision, after the last deadline, nothing is sent. Raises TurnNotFound, DraftNotOnRecord,
    ConversationMoved, and OutcomeNotJustified for what the record of the case does not justify.
    """
    turn = _locked_turn(connection, turn_id, now)
    if turn.state in ENDED:
        return turn.state
    draft, case_id = _draft(connection, turn, round_number), REPLY.case_id(turn_id)
    asked = review_id(case_id, round_number)
    refuse_overtaken(connection, case_id, asked)
    decision = final_decision_on(connection, case_id, asked)
    if decision is None:
        outcome = "unresolved"
    elif decision.verdict == "approve" and decision.action is not None:
        outcome = action_spec(decision.action).outcome
    else:
        outcome = REPLY.rejected_as or "unresolved"
    close_case(connection, CloseCaseInput(case_id=case_id, round=round_number, outcome=outcome), now)
    if decision is not None:
        asked_at = asked_review(connection, case_id, asked).opened_at
        took = max(0, int((decision.decided_at - asked_at).total_seconds()))
        connection.execute(_CHANGE.values(decided_after_s=took), {"of_turn": turn_id})
    if outcome == "sent":
        text = edited_text(connection, case_id, round_number) or draft.text
        _send(connection, turn, draft, text, now, reviewed=True)
        return "sent"
    ended: TurnState = "rejected" if outcome == "rejected" else "unresolved"
    _end_unsent(connection, turn, ended, now)
    return ended


def fail_turn(connection: Connection, turn_id: str, now: datetime) -> TurnState:
    """End a turn for which no reply could be written; how it has ended. One with a draft stays open."""
    turn = _locked_turn(connection, turn_id, now)
    if turn.state in ENDED or turn.state == "checking":
        return turn.state
    _end_unsent(connection, turn, "failed", now)
    return "failed"


def _send(
    connection: Connection, turn: PlainRow, draft: ChatDraft, approved: str, now: datetime, *, reviewed: bool
) -> None:
    # Whoever approved an edited text was shown the changes of tasks too.
    text = corrected(approved, carry_out(connection, turn, draft, now))
    sent = MessageSent(user_id=turn.user_id, turn_id=turn.turn_id, reviewed=reviewed)
    publish(connection, sent, turn.user_id, now)
    words = join_words(words_of(turn.message or "", text))
    _change(connection, turn.turn_id, state="sent", reply=text, replied_at=now, reviewed=reviewed, words=words)


def _end_unsent(connection: Connection, turn: PlainRow, state: TurnState, now: datetime) -> None:
    unsent = MessageNotSent.model_validate({"user_id": turn.user_id, "turn_id": turn.turn_id, "state": state})
    publish(connection, unsent, turn.user_id, now)
    _change(connection, turn.turn_id, state=state, replied_at=now)


def _change(connection: Connection, turn_id: str, **changes: object) -> None:
    connection.execute(_CHANGE.values({**changes, "change": draw(connection, "chat_change")}), {"of_turn": turn_id})


def _locked_turn(connection: Connection, turn_id: str, now: datetime) -> PlainRow:
    lock_user(connection, turn_row(connection, turn_id).user_id, now)
    return turn_row(connection, turn_id)


def _open_turn(connection: Connection, turn_id: str, now: datetime) -> PlainRow:
    turn = _locked_turn(connection, turn_id, now)
    if turn.state in ENDED:
        raise TurnEnded(turn_id, turn.state)
    return turn


def _draft(connection: Connection, turn: PlainRow, round_number: int) -> ChatDraft:
    draft = kept_draft(connection, turn.turn_id, round_number) if turn.round == round_number else None
    if draft is None:
        raise DraftNotOnRecord(turn.turn_id, round_number)
    return draft
