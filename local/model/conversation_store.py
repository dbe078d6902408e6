"""Conversations that a client may continue by the id of an answer, as in the Responses API."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence

from pydantic import JsonValue

Messages = Sequence[dict[str, JsonValue]]

MOST_CONVERSATIONS = 1_000
MOST_CHARACTERS = 64 * 1024 * 1024


class KeptConversations(Mapping[str, Messages]):
    """In memory only, and only the latest: the oldest go when there are too many or they are too large."""

    def __init__(self, most: int = MOST_CONVERSATIONS, most_characters: int = MOST_CHARACTERS) -> None:
        self._kept: OrderedDict[str, tuple[Messages, int]] = OrderedDict()
        self._most = most
        self._most_characters = most_characters
        self._characters = 0

    def keep(self, response_id: str, messages: Messages) -> None:
        """Remember what was said up to this answer."""
        size = sum(len(str(message)) for message in messages)
        self._drop(response_id)
        self._kept[response_id] = (messages, size)
        self._characters += size
        while self._kept and (len(self._kept) > self._most or self._characters > self._most_characters):
            self._drop(next(iter(self._kept)))

    def _drop(self, response_id: str) -> None:
        _, size = self._kept.pop(response_id, ((), 0))
        self._characters -= size

    def __getitem__(self, response_id: str) -> Messages:
        return self._kept[response_id][0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)
