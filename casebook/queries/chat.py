"""Reads turns and conversations."""

import json
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, literal, select

from casebook.errors import ConversationNotFound, TurnNotFound
from casebook.policy.task_confirmations import says_yes
from casebook.queries.chat_users import read_user, user_row
from casebook.queries.cursors import back_from, page_length, read_cursor, write_cursor
from casebook.queries.kinds.reply import edited_text
from casebook.queries.tokenizer import may_be_spelt_out, words_of
from casebook.schema.base import PlainRow, table_of
from casebook.schema.cases import CaseRow
from casebook.schema.chat import ChatCallRow, ChatDraftRow, ChatTurnRow, ChatUserRow, MessageCountRow
from casebook.schema.domain_events import SequenceRow
from contracts.chat import (
    ANSWERED_INSTEAD,
    ChatDraft,
    ChatTurn,
    ConversationPage,
    ConversationTurn,
    Exchange,
    TurnState,
)
from contracts.kinds.reply import REPLY
from contracts.reply import MAX_FLAGS, HeldReply
from contracts.task_plans import PlannedTaskChange

OPEN: tuple[TurnState, ...] = ("queued", "drafting", "checking")
HISTORY = 20
"""How many exchanges a draft knows word for word."""
UNANSWERED = 20
"""How many later messages it knows."""

_USERS, _TURNS, _DRAFTS = table_of(ChatUserRow), table_of(ChatTurnRow), table_of(ChatDraftRow)
_CALLS, _COUNTS, _CASES = table_of(ChatCallRow), table_of(MessageCountRow), table_of(CaseRow)
_TURN = select(_TURNS).where(_TURNS.c.turn_id == bindparam("of_turn"))
_DRAFT = select(_DRAFTS.c.body).where(
    _DRAFTS.c.turn_id == bindparam("of_turn"), _DRAFTS.c.round == bindparam("of_round")
)
_OF_USER = _TURNS.c.user_id == bindparam("of_user")
_BEFORE = (
    select(_TURNS)
    .where(_OF_USER, _TURNS.c.state == "sent", _TURNS.c.reply.is_not(None), _TURNS.c.position < bindparam("before"))
    .order_by(_TURNS.c.position.desc())
    .limit(HISTORY)
)
_BEFORE_COUNT = (
    select(func.count()).select_from(_TURNS).where(_OF_USER, _TURNS.c.state == "sent", _TURNS.c.reply.is_not(None))
)
_AFTER = (
    select(_TURNS.c.position, _TURNS.c.message)
    .where(_OF_USER, _TURNS.c.position > bindparam("after"), _TURNS.c.message.is_not(None))
    .order_by(_TURNS.c.position)
    .limit(UNANSWERED)
)
_PREVIOUS = select(_TURNS).where(_OF_USER, _TURNS.c.position == bindparam("at_position"))
_KEPT = select(_CALLS.c.key, _CALLS.c.response).where(
    _CALLS.c.turn_id == bindparam("of_turn"), _CALLS.c.response.is_not(None)
)
_COUNT = select(_COUNTS.c.messages, _COUNTS.c.since).where(_COUNTS.c.user_id == bindparam("of_user"))
_UNCOUNTED = select(_TURNS.c.change).where(_OF_USER, _TURNS.c.state == "sent", _TURNS.c.counted_at.is_(None))
_USER = select(_USERS).where(_USERS.c.user_id == bindparam("of_user"))
_EARLIER = _TURNS.alias("earlier")
_IS_FIRST = ~(
    select(_EARLIER.c.turn_id)
    .where(_EARLIER.c.user_id == _TURNS.c.user_id, _EARLIER.c.position < _TURNS.c.position, _EARLIER.c.state.in_(OPEN))
    .exists()
)
_UNSCHEDULED = (
    select(_TURNS.c.turn_id, _TURNS.c.round)
    .where(_TURNS.c.state.in_(OPEN), _TURNS.c.scheduled_at.is_(None), _IS_FIRST)
    .order_by(_TURNS.c.change)
)


_CASE = select(_CASES.c.case_id).where(_CASES.c.case_id == bindparam("of_case"))
_IS_FLAGGED = select(_CASES.c.case_id).where(_CASES.c.case_id == REPLY.id_prefix + _TURNS.c.turn_id).exists()
_WRITTEN = (
    select(*_TURNS.c, _IS_FLAGGED.label("flagged"))
    .where(_OF_USER, _TURNS.c.message.is_not(None))
    .order_by(_TURNS.c.position.desc())
)
_SCHEDULED = (
    select(_TURNS.c.change, _TURNS.c.turn_id)
    .where(_TURNS.c.state.in_(OPEN), _TURNS.c.scheduled_at.is_not(None), _TURNS.c.change > bindparam("after"))
    .order_by(_TURNS.c.change)
)
_CHANGED = (
    select(_TURNS.c.change, _TURNS.c.turn_id, _TURNS.c.user_id, _TURNS.c.state)
    .where(_TURNS.c.change > bindparam("after"))
    .order_by(_TURNS.c.change)
)
_SEQUENCE = table_of(SequenceRow)
_LAST_CHANGE = select(_SEQUENCE.c.last_number).where(_SEQUENCE.c.name == "chat_change")


class UnscheduledTurn(NamedTuple):
    """A turn that the scheduler is to have."""

    turn_id: str
    round: int
    """Of its newest draft; 0: there is none."""


class TurnChange(NamedTuple):
    """What has become of a turn."""

    change: int
    turn_id: str
    user_id: str
    state: TurnState


@dataclass(frozen=True)
class PostedTurn:
    """The turn of a message that was posted."""

    turn: ChatTurn
    created: bool
    """False: it was posted before under the same key."""


@dataclass(frozen=True)
class DraftBasis:
    """What a reply is drafted from."""

    turn_id: str
    user_id: str
    round: int
    """Of the draft that is to be written."""
    seen: int
    """The position of the newest message."""
    message: str
    customer_id: int | None
    zone: str
    """In which the user means times."""
    asked: tuple[PlannedTaskChange, ...]
    """Changes of tasks that the reply before asked the user to confirm."""
    message_count: int
    """How many messages of the user were answered since the count was set or reset."""
    history: tuple[Exchange, ...]
    """The newest exchanges, the oldest first."""
    left_out: int
    """How many exchanges there were before those."""
    later: tuple[str, ...]
    """Messages that the user has sent since."""
    was_flagged: bool
    """Whether an earlier draft of the turn had to be looked at."""
    journal: dict[str, str]
    """What models answered already, by key."""

    @property
    def confirmed(self) -> tuple[PlannedTaskChange, ...]:
        """What was asked, if the user says yes to it."""
        return self.asked if says_yes((self.message, *self.later)) else ()


def turn_row(connection: Connection, turn_id: str) -> PlainRow:
    """The row of a turn. Raises TurnNotFound."""
    row = connection.execute(_TURN, {"of_turn": turn_id}).first()
    if row is None:
        raise TurnNotFound(turn_id)
    return row


def read_turn(row: PlainRow) -> ChatTurn:
    """The turn as its user may see it."""
    return ChatTurn(
        turn_id=row.turn_id,
        user_id=row.user_id,
        state=row.state,
        received_at=row.received_at,
        reply=row.reply if row.state == "sent" else ANSWERED_INSTEAD.get(row.state),
        replied_at=row.replied_at,
        metadata={} if row.metadata is None else json.loads(row.metadata),
        tags=() if row.tags is None else tuple(json.loads(row.tags)),
    )


def kept_draft(connection: Connection, turn_id: str, round_number: int) -> ChatDraft | None:
    """What was drafted in a round of a turn; None when nothing was."""
    body = connection.execute(_DRAFT, {"of_turn": turn_id, "of_round": round_number}).scalar()
    return None if body is None else ChatDraft.model_validate_json(body)


def is_held(connection: Connection, turn_id: str) -> bool:
    """Whether there is a case about the reply of a turn."""
    return connection.execute(_CASE, {"of_case": REPLY.case_id(turn_id)}).first() is not None


def held_reply(connection: Connection, turn_id: str) -> HeldReply | None:
    """What a person is asked about whether it may be sent: the message, by the first draft; None when it was erased."""
    turn, first = turn_row(connection, turn_id), kept_draft(connection, turn_id, 1)
    if first is None or turn.message is None:
        return None
    return HeldReply(
        turn_id=turn_id,
        user_id=turn.user_id,
        customer_id=first.customer_id,
        message=turn.message,
        received_at=turn.received_at,
        flagged_because=first.flagged_because[:MAX_FLAGS],
    )


def draft_basis(connection: Connection, turn: PlainRow) -> DraftBasis:
    """What the next draft of a turn is written from. Raises ConversationNotFound when the message was erased."""
    of = {"of_user": turn.user_id}
    user = connection.execute(_USER, of).first()
    if user is None or turn.message is None:
        raise ConversationNotFound(turn.user_id)
    rows = connection.execute(_BEFORE, {**of, "before": turn.position}).all()[::-1]
    later = connection.execute(_AFTER, {**of, "after": turn.position}).all()
    before = kept_draft(connection, turn.turn_id, turn.round) if turn.round else None
    return DraftBasis(
        turn_id=turn.turn_id,
        user_id=turn.user_id,
        round=turn.round + 1,
        seen=later[-1].position if later else turn.position,
        message=turn.message,
        customer_id=user.customer_id,
        zone=user.zone or "UTC",
        asked=asked_to_confirm(connection, turn),
        message_count=message_count(connection, turn.user_id),
        history=tuple(map(_exchange, rows)),
        left_out=connection.execute(_BEFORE_COUNT, of).scalar_one() - len(rows) if len(rows) == HISTORY else 0,
        later=tuple(row.message for row in later),
        was_flagged=before is not None and bool(before.flagged_because),
        journal={row.key: row.response for row in connection.execute(_KEPT, {"of_turn": turn.turn_id})},
    )


def later_messages(connection: Connection, turn: PlainRow, until: int) -> tuple[str, ...]:
    """What the user has written after a turn, up to this position."""
    rows = connection.execute(_AFTER, {"of_user": turn.user_id, "after": turn.position})
    return tuple(row.message for row in rows if row.position <= until)


def asked_to_confirm(connection: Connection, turn: PlainRow) -> tuple[PlannedTaskChange, ...]:
    """Changes of tasks that the reply right before a message asked to confirm.

    Nothing where that reply was sent after the message came, or with a text of which nobody knows what it asks.
    """
    of = {"of_user": turn.user_id, "at_position": turn.position - 1}
    before = connection.execute(_PREVIOUS, of).first()
    if before is None or before.state != "sent" or before.reply is None or before.replied_at > turn.received_at:
        return ()
    draft = kept_draft(connection, before.turn_id, before.round)
    if draft is None or not draft.to_confirm:
        return ()
    edited = edited_text(connection, REPLY.case_id(before.turn_id), before.round)
    return draft.to_confirm if edited is None else ()


def message_count(connection: Connection, user_id: str) -> int:
    """How many messages of a user were answered since the count was set or reset, whether counted already or not."""
    counted = connection.execute(_COUNT, {"of_user": user_id}).first()
    uncounted = connection.execute(_UNCOUNTED, {"of_user": user_id}).scalars().all()
    if counted is None:
        return len(uncounted)
    return counted.messages + sum(sent > counted.since for sent in uncounted)


def unscheduled_turns(connection: Connection, limit: int) -> list[UnscheduledTurn]:
    """Open turns whose orchestration is not confirmed scheduled, the first of each user, the oldest first."""
    return [UnscheduledTurn(row.turn_id, row.round) for row in connection.execute(_UNSCHEDULED.limit(limit))]


def conversation(
    connection: Connection,
    user_id: str,
    asked: str | None,
    limit: int,
    cursor: str | None,
    *,
    whole_words: bool = False,
) -> ConversationPage:
    """Turns of a user, oldest first: the newest, or those before another page; of a search those with all its words.

    Raises ConversationNotFound, MalformedCursor; what was erased is not listed.
    """
    user = read_user(user_row(connection, user_id))
    length, listed = page_length(limit), f"conversation:{user_id}"
    query = _WRITTEN.where(_TURNS.c.position < read_cursor(listed, cursor))
    wanted = [] if asked is None else words_of(asked)
    if asked is not None and (not wanted or (whole_words and may_be_spelt_out(wanted))):
        return ConversationPage(user=user, items=(), next_cursor=None)
    found_in = func.instr if connection.dialect.name == "sqlite" else func.strpos
    padded, end = literal(" ").concat(_TURNS.c.words).concat(" "), " " if whole_words else ""
    query = query.where(*(found_in(padded, f" {word}{end}") > 0 for word in wanted))
    rows, more = back_from(connection.execute(query.limit(length + 1), {"of_user": user_id}).all(), length)
    return ConversationPage(
        user=user,
        items=tuple(map(_conversation_turn, rows)),
        next_cursor=write_cursor(listed, rows[0].position) if more else None,
    )


def _conversation_turn(row: PlainRow) -> ConversationTurn:
    case_id = REPLY.case_id(row.turn_id) if row.flagged else None
    seen = dict(read_turn(row))
    return ConversationTurn(
        **seen, position=row.position, message=row.message, reviewed=row.reviewed, round=row.round, case_id=case_id
    )


def scheduled_turns(connection: Connection, limit: int, after: int) -> list[tuple[int, str]]:
    """Open turns that the scheduler has, in the order of their last change, those after `after`; with that place."""
    rows = connection.execute(_SCHEDULED.limit(limit), {"after": after})
    return [(row.change, row.turn_id) for row in rows]


def turns_after(connection: Connection, change: int, limit: int) -> list[TurnChange]:
    """What has become of turns after this place in the sequence of their changes, in order; each turn once."""
    rows = connection.execute(_CHANGED.limit(limit), {"after": change})
    return [TurnChange(change=row.change, turn_id=row.turn_id, user_id=row.user_id, state=row.state) for row in rows]


def last_change(connection: Connection) -> int:
    """The place of the newest change of a turn."""
    return connection.execute(_LAST_CHANGE).scalar_one()


def _exchange(row: PlainRow) -> Exchange:
    return Exchange(
        turn_id=row.turn_id,
        position=row.position,
        message=row.message,
        reply=row.reply,
        received_at=row.received_at,
        replied_at=row.replied_at,
    )
