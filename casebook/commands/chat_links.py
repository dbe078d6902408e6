"""Says which customer a user is. Inside one transaction."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from casebook.case_log.desk_chain import Changed, Values
from casebook.commands.desk_log import log_change
from casebook.commands.overtaken_drafts import overtake_draft
from casebook.errors import ConversationNotFound, ReplyOnItsWay
from casebook.queries.chat_users import read_user, user_row
from casebook.schema.base import table_of
from casebook.schema.chat import ChatTurnRow, ChatUserRow
from contracts.chat import ChatUser

_USERS, _TURNS = table_of(ChatUserRow), table_of(ChatTurnRow)
_LOCK = select(_USERS.c.customer_id).where(_USERS.c.user_id == bindparam("of_user")).with_for_update()
_LINK = update(_USERS).where(_USERS.c.user_id == bindparam("of_user"))
_ANSWERED = select(_TURNS.c.turn_id).where(
    _TURNS.c.user_id == bindparam("of_user"), _TURNS.c.state.in_(("drafting", "checking"))
)


def link_user(connection: Connection, user_id: str, customer_id: int | None, actor: str, now: datetime) -> ChatUser:
    """Say which customer a user is; None: none. A draft that waits for a person is over: it was written for another.

    Raises ConversationNotFound, ReplyOnItsWay.
    """
    of = {"of_user": user_id}
    linked = connection.execute(_LOCK, of).first()
    if linked is None:
        raise ConversationNotFound(user_id)
    before = linked.customer_id
    if before != customer_id:
        if connection.execute(_ANSWERED, of).first() is not None and not overtake_draft(connection, user_id, None, now):
            raise ReplyOnItsWay(user_id)
        by = (None, None) if customer_id is None else (actor, now)
        connection.execute(_LINK.values(customer_id=customer_id, linked_by=by[0], linked_at=by[1]), of)
        log_change(connection, Changed(now, actor, "user_linked", user_id, _said(before), _said(customer_id)))
    return read_user(user_row(connection, user_id))


def _said(customer_id: int | None) -> Values:
    return None if customer_id is None else {"customer_id": customer_id}
