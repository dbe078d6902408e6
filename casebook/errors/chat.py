"""Messages to the assistant, and steps of their turns, that are refused."""

from datetime import timedelta
from math import ceil

from casebook.errors.base import CasebookError
from casebook.errors.transitions import TransitionRefused
from contracts.chat import TurnState


class TurnNotFound(CasebookError):
    """No message has this id."""

    id = "turn-not-found"
    status = 404

    def __init__(self, turn_id: str) -> None:
        super().__init__(f"There is no turn '{turn_id}'.")


class ConversationNotFound(CasebookError):
    """Nobody has written under this user id."""

    id = "conversation-not-found"
    status = 404

    def __init__(self, user_id: str) -> None:
        super().__init__(f"There is no conversation with '{user_id}'.")


class IdempotencyKeyReused(CasebookError):
    """The key of another message."""

    id = "idempotency-key-reused"
    status = 409

    def __init__(self, user_id: str) -> None:
        super().__init__(
            f"'{user_id}' has sent another message under this idempotency key: send the same one, or use another key."
        )


class MessageRateExceeded(CasebookError):
    """The user writes faster than the assistant answers anybody."""

    id = "message-rate-exceeded"
    status = 429

    def __init__(self, user_id: str, per_minute: int, wait: timedelta) -> None:
        self.retry_after_s = max(1, ceil(wait.total_seconds()))
        super().__init__(
            f"'{user_id}' has sent {per_minute} messages in the last minute: send the next one in "
            f"{self.retry_after_s} s."
        )


class TooManyOpenTurns(CasebookError):
    """So many messages of the user wait for their replies."""

    id = "too-many-open-turns"
    status = 429
    retry_after_s = 5

    def __init__(self, user_id: str, most: int) -> None:
        super().__init__(f"{most} messages of '{user_id}' wait for their replies: send the next one after a reply.")


class ConversationFull(CasebookError):
    """The conversation has as many turns as one may have."""

    id = "conversation-full"
    status = 409

    def __init__(self, user_id: str, most: int) -> None:
        super().__init__(f"The conversation with '{user_id}' has {most:,} turns: erase it, and begin another one.")


class ReplyOnItsWay(CasebookError):
    """The user is to be another customer while a reply is written with the records of this one."""

    id = "reply-on-its-way"
    status = 409

    def __init__(self, user_id: str) -> None:
        super().__init__(f"A reply to '{user_id}' is being written or sent: try again in a few seconds.")


class TurnEnded(CasebookError):
    """A reply is to be drafted for a turn that has ended."""

    id = "turn-ended"
    status = 409

    def __init__(self, turn_id: str, state: TurnState) -> None:
        self.state: TurnState = state
        super().__init__(f"Turn '{turn_id}' has ended as '{state}': nothing more is written for it.")


class DraftNotOnRecord(TransitionRefused):
    """A reply is to be sent, or asked about, that nobody has drafted in that round."""

    id = "draft-not-on-record"

    def __init__(self, turn_id: str, round_number: int) -> None:
        super().__init__(f"Round {round_number} of turn '{turn_id}' has no draft that could be used.")
