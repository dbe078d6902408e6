"""Erases conversations. Inside one transaction."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BindParameter, Connection, bindparam, delete, select, update

from casebook.case_log.append import append
from casebook.case_log.desk_chain import Changed
from casebook.case_log.domain_events import draw, publish
from casebook.case_log.locked_case import lock_case
from casebook.commands.case_words import forget_words
from casebook.commands.desk_log import log_change
from casebook.commands.tasks import delete_tasks_of, share_cases_of_tasks
from casebook.errors import ConversationNotFound, UnderLegalHold
from casebook.projection.replies import TextsErased
from casebook.queries.legal_holds import current_legal_hold
from casebook.queries.review_rows import open_question
from casebook.schema.base import table_of
from casebook.schema.cases import CaseRow
from casebook.schema.chat import ChatCallRow, ChatDraftRow, ChatTurnRow, ChatUserRow
from contracts.chat import ENDED
from contracts.domain_events import ConversationErased
from contracts.kinds.reply import REPLY

_USERS, _TURNS = table_of(ChatUserRow), table_of(ChatTurnRow)
_DRAFTS, _CALLS, _CASES = table_of(ChatDraftRow), table_of(ChatCallRow), table_of(CaseRow)
_REDUCE = update(_USERS).where(_USERS.c.user_id == bindparam("of_user")).values(erased=_USERS.c.turns)
_LOCK = select(_USERS.c.user_id).where(_USERS.c.user_id == bindparam("of_user")).with_for_update()
_WRITTEN = (
    select(_TURNS.c.turn_id, _TURNS.c.state)
    .where(_TURNS.c.user_id == bindparam("of_user"), _TURNS.c.message.is_not(None))
    .order_by(_TURNS.c.position)
)
_AMONG: BindParameter[str] = bindparam("cases", expanding=True)
_CASES_AMONG = select(_CASES.c.case_id).where(_CASES.c.case_id.in_(_AMONG)).order_by(_CASES.c.opened_seq)
_ERASE = (
    update(_TURNS)
    .where(_TURNS.c.turn_id == bindparam("of_turn"))
    .values(message=None, metadata=None, tags=None, words=None, reply=None, idempotency_key=None)
)
_WITHDRAW = update(_TURNS).where(_TURNS.c.turn_id == bindparam("of_turn"))
_FORGET_DRAFTS = delete(_DRAFTS).where(_DRAFTS.c.turn_id == bindparam("of_turn"))
_FORGET_CALLS = update(_CALLS).where(_CALLS.c.turn_id == bindparam("of_turn")).values(response=None)


def erase_conversation(connection: Connection, user_id: str, actor: str, now: datetime) -> int:
    """Erase what a user wrote and was answered; how many turns that were. Counts stay, and who erased it, and when.

    Tasks that the user made in it are deleted. What is open is withdrawn: no reply is sent any more. Raises
    ConversationNotFound, UnderLegalHold.
    """
    of = {"of_user": user_id}
    if connection.execute(_LOCK, of).first() is None:
        raise ConversationNotFound(user_id)
    turns = connection.execute(_WRITTEN, of).all()
    if not turns:
        return 0
    _erase_cases(connection, [REPLY.case_id(turn.turn_id) for turn in turns], actor, now)
    share_cases_of_tasks(connection, user_id)
    # The outbox is locked before the sequence of turns, as where a reply is sent.
    publish(connection, ConversationErased(user_id=user_id, turns=len(turns)), user_id, now)
    delete_tasks_of(connection, user_id, now)
    for turn in turns:
        of_turn = {"of_turn": turn.turn_id}
        connection.execute(_ERASE, of_turn)
        connection.execute(_FORGET_DRAFTS, of_turn)
        connection.execute(_FORGET_CALLS, of_turn)
        if turn.state not in ENDED:
            change = draw(connection, "chat_change")
            connection.execute(_WITHDRAW.values(state="withdrawn", replied_at=now, change=change), of_turn)
    connection.execute(_REDUCE, of)
    erased = Changed(now, actor, "conversation_erased", user_id, {"turns": len(turns)}, None)
    log_change(connection, erased)
    return len(turns)


def _erase_cases(connection: Connection, possible: Sequence[str], actor: str, now: datetime) -> None:
    # Cases are always locked before the log.
    found = connection.execute(_CASES_AMONG, {"cases": [*possible]}).scalars().all()
    cases = [lock_case(connection, case_id) for case_id in found]
    for case in cases:
        if current_legal_hold(case) is not None:
            raise UnderLegalHold(case.case_id)
    for case in cases:
        asked = open_question(connection, case.case_id)
        review_id = None if asked is None else asked.review_id
        append(connection, case, TextsErased(review_id=review_id, ends=case.state != "closed"), actor, now)
    forget_words(connection, [case.opened_seq for case in cases])
