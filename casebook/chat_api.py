"""The facade of conversations: messages, their turns, and what is counted of them."""

from collections.abc import Sequence
from datetime import date

from casebook.commands import chat_links, chat_messages, chat_turns, erasures, message_counts
from casebook.commands.chat_messages import NewMessage
from casebook.commands.message_counts import MESSAGE_COUNTER
from casebook.errors import DraftNotOnRecord
from casebook.facade import Facade
from casebook.policy.chat_limits import ChatLimits
from casebook.queries import chat, chat_analytics, chat_users, model_spend
from casebook.queries.chat import DraftBasis, PostedTurn, TurnChange, UnscheduledTurn
from casebook.queries.domain_events import is_behind
from contracts.chat import (
    ChatDraft,
    ChatTurn,
    ChatUser,
    ChatUserPage,
    ConversationPage,
    MessageCount,
    TurnState,
)
from contracts.chat_analytics import ChatAnalytics
from contracts.journal import JournalEntry
from contracts.reply import HeldReply
from contracts.report import Spend


class ChatApi(Facade):
    """One transaction per method, from any thread; every write may be repeated, and changes nothing then.

    Every method about one turn raises TurnNotFound for an unknown one. CasebookUnavailable: the database failed,
    nothing was written.
    """

    # Messages

    def post_message(self, message: NewMessage, limits: ChatLimits) -> PostedTurn:
        """The turn of a message: queued now, or before under the same idempotency key.

        Where a person is asked about a draft for the user, that question is over: the draft does not know the message.
        Raises IdempotencyKeyReused, MessageRateExceeded, TooManyOpenTurns, ConversationFull, UnknownZone.
        """
        with self._write() as connection:
            return chat_messages.post_message(connection, message, limits, self._clock())

    def turn(self, turn_id: str) -> ChatTurn:
        """A turn as its user may see it."""
        with self._read() as connection:
            return chat.read_turn(chat.turn_row(connection, turn_id))

    def conversation(
        self,
        user_id: str,
        *,
        search: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
        whole_words: bool = False,
    ) -> ConversationPage:
        """Turns of a user, oldest first: the newest, at most 500, or those before another page.

        `search`: only those that have all of its words; `whole_words`: not their beginnings, and no short number. What
        was erased is not listed. Raises ConversationNotFound, MalformedCursor.
        """
        with self._read() as connection:
            return chat.conversation(connection, user_id, search, limit, cursor, whole_words=whole_words)

    def list_users(self, *, starts_with: str | None = None, limit: int = 50, cursor: str | None = None) -> ChatUserPage:
        """Users who have written, whoever wrote last first, at most 500. Raises MalformedCursor.

        `starts_with`: only those whose id begins with it.
        """
        with self._read() as connection:
            return chat_users.list_users(connection, starts_with, limit, cursor)

    def link_user(self, user_id: str, customer_id: int | None, subject: str) -> ChatUser:
        """Say which customer a user is, or that they are none: the assistant reads the records of no other one.

        A draft that waits for a person is over: it is written anew. The desk log keeps who said so, and when. Raises
        ConversationNotFound; ReplyOnItsWay while a reply is written or sent.
        """
        with self._write() as connection:
            return chat_links.link_user(connection, user_id, customer_id, subject, self._clock())

    def erase_conversation(self, user_id: str, subject: str) -> int:
        """Erase what a user wrote and was answered; how many turns that were.

        Open turns are withdrawn. Counts stay, and the desk log keeps who erased it, and when. Raises
        ConversationNotFound, UnderLegalHold.
        """
        with self._write() as connection:
            turns = erasures.erase_conversation(connection, user_id, subject, self._clock())
        self.transactions.empty_wal()
        return turns

    # Turns

    def unscheduled_turns(self, limit: int = 100) -> list[UnscheduledTurn]:
        """Open turns that the scheduler has not acknowledged: the first of each user, the oldest first."""
        with self._read() as connection:
            return chat.unscheduled_turns(connection, limit)

    def confirm_scheduled(self, turn_ids: Sequence[str]) -> None:
        """The scheduler has acknowledged the start of these turns."""
        with self._write() as connection:
            chat_turns.confirm_scheduled(connection, turn_ids, self._clock())

    def scheduled_turns(self, limit: int = 100, *, after: int = 0) -> list[tuple[int, str]]:
        """Open turns that the scheduler has, in the order of their last change, with its place; those after `after`."""
        with self._read() as connection:
            return chat.scheduled_turns(connection, limit, after)

    def restart_turn(self, turn_id: str) -> int | None:
        """The orchestration of a turn is over, or lost: it must be started again; how often that was so.

        None: the turn has ended, or waits longer before it is started again. After MAX_STARTS it ends, unless a person
        is asked about its reply.
        """
        with self._write() as connection:
            return chat_turns.restart_turn(connection, turn_id, self._clock())

    def turns_after(self, change: int, limit: int = 500) -> list[TurnChange]:
        """What has become of turns after this place in the sequence of their changes, in order; each turn once."""
        with self._read() as connection:
            return chat.turns_after(connection, change, limit)

    def last_change(self) -> int:
        """The place of the newest change of a turn."""
        with self._read() as connection:
            return chat.last_change(connection)

    def begin_draft(self, turn_id: str, after: int = 0) -> ChatDraft | DraftBasis:
        """The draft of a turn that is later than round `after`, or else what it is written from. Raises TurnEnded."""
        with self._write() as connection:
            return chat_turns.begin_draft(connection, turn_id, after, self._clock())

    def asked_draft(self, turn_id: str, round: int) -> tuple[HeldReply, ChatDraft]:  # noqa: A002
        """What a person is asked about in a round. Raises DraftNotOnRecord, also where nobody has to be asked."""
        with self._read() as connection:
            held, draft = chat.held_reply(connection, turn_id), chat.kept_draft(connection, turn_id, round)
        if held is None or draft is None or not draft.flagged_because:
            raise DraftNotOnRecord(turn_id, round)
        return held, draft

    def keep_calls(self, turn_id: str, journal: Sequence[JournalEntry]) -> None:
        """Keep what models answered while a reply was drafted, and what that cost; the first under a key counts."""
        with self._write() as connection:
            chat_turns.keep_calls(connection, turn_id, journal, self._clock())

    def keep_draft(self, turn_id: str, draft: ChatDraft, journal: Sequence[JournalEntry] = ()) -> ChatDraft:
        """Keep what was drafted in a round; the first of a round counts and is returned.

        Raises TurnEnded, and TaskChangesUnconfirmed for changes of tasks that the user has to confirm first.
        """
        with self._write() as connection:
            return chat_turns.keep_draft(connection, turn_id, draft, journal, self._clock())

    def send_reply(self, turn_id: str, round: int) -> TurnState:  # noqa: A002 - the contracts' own word
        """Send what was drafted in a round, if nobody has to look at it; how the turn has ended.

        The reply and the event that tells of it are on record together. Raises DraftNotOnRecord.
        """
        with self._write() as connection:
            return chat_turns.send_reply(connection, turn_id, round, self._clock())

    def follow_decision(self, turn_id: str, round: int) -> TurnState:  # noqa: A002
        """Do what a person decided about the draft of a round, and close its case; how the turn has ended.

        Raises DraftNotOnRecord, ConversationMoved, OutcomeNotJustified.
        """
        with self._write() as connection:
            return chat_turns.follow_decision(connection, turn_id, round, self._clock())

    def fail_turn(self, turn_id: str) -> TurnState:
        """End a turn for which no reply could be written; how it has ended. One with a draft stays open."""
        with self._write() as connection:
            return chat_turns.fail_turn(connection, turn_id, self._clock())

    def spent_on_turn(self, turn_id: str) -> Spend:
        """What models cost in one turn; `cost_usd` counts the calls whose price is known."""
        with self._read() as connection:
            return model_spend.spent_on_turn(connection, turn_id)

    # Counts

    def analytics(self, first: date, last: date) -> ChatAnalytics:
        """How the messages ended that came to an end from one day to another, both included, UTC."""
        with self._read() as connection:
            return chat_analytics.chat_analytics(connection, first, last)

    def message_count(self, user_id: str) -> MessageCount:
        """How many messages of a user were answered since the count was set or reset; 0 for who never wrote."""
        with self._read() as connection:
            return MessageCount(user_id=user_id, message_count=chat.message_count(connection, user_id))

    def set_count(self, user_id: str, count: int) -> MessageCount:
        """Set the count of a user, whom nobody needs to have seen."""
        with self._write() as connection:
            return message_counts.set_count(connection, user_id, count, self._clock())

    def count_told(self, limit: int = 500) -> int:
        """Count what the next events tell of, each turn once; how many events there were."""
        with self._read() as connection:
            if not is_behind(connection, MESSAGE_COUNTER):
                return 0
        with self._write_apart() as connection:
            return message_counts.count_told(connection, limit, self._clock())
