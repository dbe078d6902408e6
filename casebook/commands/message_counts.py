"""Counts messages: each that has ended once, however often that is told. Each command runs inside one transaction."""

import json
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, Connection, Integer, bindparam, func, insert, literal, select, update

from casebook.case_log.domain_events import draw
from casebook.commands.chat_messages import lock_user
from casebook.commands.consumers import advance, lock_consumer
from casebook.database.upserts import upsert
from casebook.queries.chat import message_count
from casebook.queries.domain_events import rows_after
from casebook.schema.base import PlainRow, table_of
from casebook.schema.chat import ChatTurnRow, ChatUserRow, MessageCountRow, MessageDayRow
from contracts.chat import MessageCount, TurnState
from contracts.domain_events import MessageNotSent, MessageSent

_TURNS, _USERS = table_of(ChatTurnRow), table_of(ChatUserRow)
_COUNTS, _DAYS = table_of(MessageCountRow), table_of(MessageDayRow)
_COUNTED: tuple[TurnState, ...] = ("sent", "rejected", "unresolved", "failed")
MESSAGE_COUNTER = "message-counter"
_TELLING = frozenset({MessageSent.__name__, MessageNotSent.__name__})
_UNCOUNTED = (_TURNS.c.turn_id == bindparam("of_turn"), _TURNS.c.state.in_(_COUNTED), _TURNS.c.counted_at.is_(None))
_TURN = select(_TURNS).where(*_UNCOUNTED)
_SUM = select(func.coalesce(func.sum(_COUNTS.c.messages), 0))
_TAKE = update(_TURNS).where(*_UNCOUNTED).values(counted_at=bindparam("now"))


def count_message(connection: Connection, turn_id: str, now: datetime) -> bool:
    """Count a turn that has ended: the message of its user if it was answered, and how it ended on its day.

    False, and nothing changes, when it is counted already, or is open, or was withdrawn.
    """
    turn = connection.execute(_TURN, {"of_turn": turn_id}).first()
    if turn is None or not connection.execute(_TAKE, {"of_turn": turn_id, "now": now}).rowcount:
        return False
    if turn.state == "sent":
        _add_to_count(connection, turn)
    _add_to_day(connection, turn)
    return True


def count_told(connection: Connection, limit: int, now: datetime) -> int:
    """Count what the next events tell of, at most `limit`; how many events there were.

    Whoever else counts waits, so that none of two needs what the other has locked.
    """
    found = rows_after(connection, lock_consumer(connection, MESSAGE_COUNTER), limit)
    for event in found:
        if event.type in _TELLING:
            count_message(connection, str(json.loads(event.data)["turn_id"]), now)
    if found:
        advance(connection, MESSAGE_COUNTER, found[-1].number)
    return len(found)


def _add_to_count(connection: Connection, sent: PlainRow) -> None:
    one = upsert(connection, _COUNTS).values(user_id=sent.user_id, messages=1, since=0)
    # A reset may come between: the row decides when it is written.
    counts = {"messages": _COUNTS.c.messages + 1}
    before_it = _COUNTS.c.since < sent.change
    connection.execute(one.on_conflict_do_update(index_elements=["user_id"], set_=counts, where=before_it))


def _add_to_day(connection: Connection, turn: PlainRow) -> None:
    day = turn.replied_at.astimezone(UTC).date().isoformat()
    figures = {name: int(turn.state == name) for name in _COUNTED}
    figures["reviewed"] = int(turn.state == "sent" and turn.reviewed)
    first = upsert(connection, _DAYS).values(day=day, user_id=turn.user_id, **figures)
    more = {name: _DAYS.c[name] + figure for name, figure in figures.items() if figure}
    connection.execute(first.on_conflict_do_update(index_elements=["day", "user_id"], set_=more))


def set_count(connection: Connection, user_id: str, count: int, now: datetime) -> MessageCount:
    """Set the count of a user, whom nobody needs to have seen; replies that were sent before do not count any more."""
    lock_user(connection, user_id, now)
    now_at = draw(connection, "chat_change")
    row = upsert(connection, _COUNTS).values(user_id=user_id, messages=count, since=now_at)
    changes = {"messages": count, "since": now_at}
    connection.execute(row.on_conflict_do_update(index_elements=["user_id"], set_=changes))
    return MessageCount(user_id=user_id, message_count=message_count(connection, user_id))


class CountsReset(NamedTuple):
    """What a reset did."""

    messages: int
    """How many had been counted, of all users together."""
    at: int
    """Its place in the sequence of changes."""


def reset_counts(connection: Connection) -> CountsReset:
    """Set all counts to 0. Replies that were sent before do not count any more."""
    lock_consumer(connection, MESSAGE_COUNTER)
    now_at = draw(connection, "chat_change")
    messages = int(connection.execute(_SUM).scalar_one())
    connection.execute(update(_COUNTS).values(messages=0, since=now_at))
    uncounted = select(_USERS.c.user_id, literal(0, Integer), literal(now_at, BigInteger)).where(
        ~select(_COUNTS.c.user_id).where(_COUNTS.c.user_id == _USERS.c.user_id).exists()
    )
    connection.execute(insert(_COUNTS).from_select(["user_id", "messages", "since"], uncounted))
    return CountsReset(messages, now_at)
