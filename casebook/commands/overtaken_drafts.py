"""Ends the question about a draft that does not know what is new of its user. Inside one transaction."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from casebook.case_log.append import append
from casebook.case_log.locked_case import lock_case
from casebook.policy.actors import SYSTEM
from casebook.projection.replies import ConversationMoved
from casebook.queries.chat import is_held
from casebook.queries.review_rows import open_question
from casebook.schema.base import table_of
from casebook.schema.chat import ChatTurnRow
from contracts.kinds.reply import REPLY

MAX_DRAFTS = 6
"""A draft that is written for the last time waits whatever the customer writes: somebody must be able to read it."""

_TURNS = table_of(ChatTurnRow)
_CHECKED = select(_TURNS.c.turn_id, _TURNS.c.round).where(
    _TURNS.c.user_id == bindparam("of_user"), _TURNS.c.state == "checking"
)


def overtake_draft(connection: Connection, user_id: str, position: int | None, now: datetime) -> bool:
    """End the open question about a reply to this user; False when nobody is asked one. The user's row is locked.

    `position`: of a further message, for which the last draft is not discarded; None: the user is another customer now.
    """
    turn = connection.execute(_CHECKED, {"of_user": user_id}).first()
    if turn is None or (position is not None and turn.round >= MAX_DRAFTS):
        return False
    if not is_held(connection, turn.turn_id):
        return False
    case_id = REPLY.case_id(turn.turn_id)
    case = lock_case(connection, case_id)
    asked = open_question(connection, case_id)
    if asked is None:
        return False
    moved = ConversationMoved(round=case.round, review_id=asked.review_id, position=position)
    append(connection, case, moved, SYSTEM, now)
    return True
