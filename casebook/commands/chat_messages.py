"""Takes messages to the assistant. Each command runs inside one transaction."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, insert, select, update

from casebook.case_log.domain_events import draw
from casebook.commands.overtaken_drafts import overtake_draft
from casebook.database.upserts import upsert
from casebook.errors import ConversationFull, IdempotencyKeyReused, MessageRateExceeded, TooManyOpenTurns
from casebook.policy.chat_limits import WINDOW, ChatLimits
from casebook.policy.due_times import known_zone
from casebook.queries.chat import OPEN, PostedTurn, read_turn, turn_row
from casebook.queries.tokenizer import join_words, words_of
from casebook.schema.base import PlainRow, table_of
from casebook.schema.chat import ChatTurnRow, ChatUserRow
from contracts.chat import Metadata
from contracts.hashing import canonical_json

_USERS, _TURNS = table_of(ChatUserRow), table_of(ChatTurnRow)
_LOCK = select(_USERS).where(_USERS.c.user_id == bindparam("of_user")).with_for_update()
_OF_USER = _TURNS.c.user_id == bindparam("of_user")
_BY_KEY = select(_TURNS).where(_OF_USER, _TURNS.c.idempotency_key == bindparam("of_key"))
_NEWEST = (
    select(_TURNS.c.received_at)
    .where(_OF_USER, _TURNS.c.received_at > bindparam("after"))
    .order_by(_TURNS.c.received_at.desc())
    .limit(bindparam("most"))
)
_OPEN = select(func.count()).select_from(_TURNS).where(_OF_USER, _TURNS.c.state.in_(OPEN))
_ADD = insert(_TURNS)
_SET_ZONE = update(_USERS).where(_USERS.c.user_id == bindparam("of_user")).values(zone=bindparam("now_zone"))
_COUNT = (
    update(_USERS)
    .where(_USERS.c.user_id == bindparam("of_user"))
    .values(turns=bindparam("now_turns"), wrote=bindparam("change"))
)


@dataclass(frozen=True)
class NewMessage:
    """What a user sends."""

    turn_id: str
    user_id: str
    text: str
    metadata: Metadata
    tags: Sequence[str]
    idempotency_key: str | None
    zone: str | None = None
    """The time zone in which the user means times, from now on; None: the one that is known."""

    @property
    def written(self) -> dict[str, str]:
        """What makes it the same message as another, as it is stored."""
        return {
            "message": self.text,
            "metadata": canonical_json(self.metadata),
            "tags": json.dumps([*self.tags], ensure_ascii=False),
        }

    @property
    def words(self) -> str:
        """What it is found by."""
        return join_words(words_of(self.text))


def lock_user(connection: Connection, user_id: str, now: datetime) -> PlainRow:
    """The row of a user, made now or before, locked until the transaction ends."""
    connection.execute(upsert(connection, _USERS).on_conflict_do_nothing(), {"user_id": user_id, "first_seen_at": now})
    return connection.execute(_LOCK, {"of_user": user_id}).one()


def post_message(connection: Connection, new: NewMessage, limits: ChatLimits, now: datetime) -> PostedTurn:
    """The turn of a message: queued now, or before under the same key. A draft that waits does not know it.

    Raises IdempotencyKeyReused, MessageRateExceeded, TooManyOpenTurns, ConversationFull, UnknownZone.
    """
    if new.zone is not None:
        known_zone(new.zone, "zone")
    user = lock_user(connection, new.user_id, now)
    of = {"of_user": new.user_id}
    if new.idempotency_key is not None:
        known = connection.execute(_BY_KEY, {**of, "of_key": new.idempotency_key}).first()
        if known is not None:
            _refuse_other(known, new)
            return PostedTurn(read_turn(known), created=False)
    _refuse_excess(connection, user, limits, now)
    position = user.turns + 1
    overtake_draft(connection, new.user_id, position, now)
    row = {
        "turn_id": new.turn_id,
        "user_id": new.user_id,
        "position": position,
        "idempotency_key": new.idempotency_key,
        "state": "queued",
        "received_at": now,
        "words": new.words,
        "change": draw(connection, "chat_change"),
        **new.written,
    }
    if new.zone is not None and new.zone != user.zone:
        connection.execute(_SET_ZONE, {**of, "now_zone": new.zone})
    connection.execute(_COUNT, {**of, "now_turns": position, "change": row["change"]})
    connection.execute(_ADD, row)
    return PostedTurn(read_turn(turn_row(connection, new.turn_id)), created=True)


def _refuse_other(known: PlainRow, new: NewMessage) -> None:
    stored = {"message": known.message, "metadata": known.metadata, "tags": known.tags}
    # What was erased can no longer be compared, and is not sent again either.
    if known.message is not None and stored != new.written:
        raise IdempotencyKeyReused(new.user_id)


def _refuse_excess(connection: Connection, user: PlainRow, limits: ChatLimits, now: datetime) -> None:
    of = {"of_user": user.user_id}
    if user.turns - user.erased >= limits.turns:
        raise ConversationFull(user.user_id, limits.turns)
    if connection.execute(_OPEN, of).scalar_one() >= limits.open_turns:
        raise TooManyOpenTurns(user.user_id, limits.open_turns)
    newest = connection.execute(_NEWEST, {**of, "after": now - WINDOW, "most": limits.per_minute}).scalars().all()
    wait = limits.wait_for_rate(newest, now)
    if wait is not None:
        raise MessageRateExceeded(user.user_id, limits.per_minute, wait)
