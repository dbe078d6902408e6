"""Takes messages to the assistant, and waits for their replies."""

import logging
from collections.abc import Mapping
from uuid import uuid4

from pydantic import JsonValue

from backend.services.customer_store import CustomerStoreReader
from backend.services.errors import UnknownCustomer
from backend.services.turn_feed import TurnFeed
from backend.services.turn_relay import TurnRelay
from casebook.async_api import AsyncChat
from casebook.commands.chat_messages import NewMessage
from casebook.policy.chat_limits import ChatLimits
from contracts.chat import ENDED, ChatTurn, ChatUser

log = logging.getLogger("casewright.chat")


class ChatService:
    """A message is on record before anything is done about it: what is accepted is never lost."""

    def __init__(
        self, record: AsyncChat, relay: TurnRelay, feed: TurnFeed, store: CustomerStoreReader, limits: ChatLimits
    ) -> None:
        self._record = record
        self._store = store
        self._relay = relay
        self._feed = feed
        self._limits = limits

    async def post(
        self,
        user_id: str,
        text: str,
        metadata: Mapping[str, JsonValue],
        tags: tuple[str, ...],
        key: str | None,
        wait_s: float | None,
        zone: str | None = None,
    ) -> ChatTurn:
        """The turn of a message, ended or not, after at most `wait_s` seconds; None: however long it takes.

        Raises what `ChatApi.post_message` raises.
        """
        new = NewMessage(f"turn-{uuid4().hex}", user_id, text, dict(metadata), tags, key, zone)
        posted = await self._record.post_message(new, self._limits)
        turn = posted.turn
        if posted.created:
            log.info("%s: a message of %s", turn.turn_id, user_id)
            self._feed.expect(turn.turn_id)
        self._relay.wake()
        if turn.state in ENDED or wait_s == 0:
            return turn
        await self._feed.wait_for_end(turn.turn_id, wait_s)
        return await self._record.turn(turn.turn_id)

    async def link_user(self, user_id: str, customer_id: int, subject: str) -> ChatUser:
        """Say which customer a user is.

        Raises UnknownCustomer, CustomerStoreUnavailable, and what `ChatApi.link_user` raises.
        """
        if not await self._store.has_customer(customer_id):
            raise UnknownCustomer(customer_id)
        return await self._record.link_user(user_id, customer_id, subject)
