"""Reads who writes to the assistant."""

from sqlalchemy import Connection, bindparam, select

from casebook.errors import ConversationNotFound
from casebook.queries.cursors import page_length, read_cursor, write_cursor
from casebook.schema.base import PlainRow, table_of
from casebook.schema.chat import ChatTurnRow, ChatUserRow
from contracts.chat import ChatUser, ChatUserPage

_USERS, _TURNS = table_of(ChatUserRow), table_of(ChatTurnRow)
_NEWEST = (
    select(_TURNS.c.received_at)
    .where(_TURNS.c.user_id == _USERS.c.user_id, _TURNS.c.position == _USERS.c.turns)
    .scalar_subquery()
)
_READ = select(*_USERS.c, _NEWEST.label("last_message_at"))
_USER = _READ.where(_USERS.c.user_id == bindparam("of_user"))
_LISTED = "users"


def user_row(connection: Connection, user_id: str) -> PlainRow:
    """The row of a user, with when they wrote last. Raises ConversationNotFound."""
    row = connection.execute(_USER, {"of_user": user_id}).first()
    if row is None:
        raise ConversationNotFound(user_id)
    return row


def read_user(row: PlainRow) -> ChatUser:
    """The user of a row."""
    return ChatUser(
        user_id=row.user_id,
        customer_id=row.customer_id,
        linked_by=row.linked_by,
        linked_at=row.linked_at,
        turns=row.turns - row.erased,
        last_message_at=row.last_message_at,
    )


def list_users(connection: Connection, starts_with: str | None, limit: int, cursor: str | None) -> ChatUserPage:
    """Users who have written, whoever wrote last first; of those whose id starts with this. Raises MalformedCursor."""
    length, listed = page_length(limit), f"{_LISTED}:{starts_with or ''}"
    query = _READ.where(_USERS.c.wrote < read_cursor(listed, cursor), _USERS.c.wrote > 0)
    if starts_with is not None:
        query = query.where(_USERS.c.user_id.startswith(starts_with, autoescape=True))
    rows = connection.execute(query.order_by(_USERS.c.wrote.desc()).limit(length + 1)).all()
    more = len(rows) > length
    return ChatUserPage(
        items=tuple(map(read_user, rows[:length])),
        next_cursor=write_cursor(listed, rows[length - 1].wrote) if more else None,
    )
