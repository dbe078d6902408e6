"""Which events came already, and which devices, addresses and merchants a customer is known with."""

from array import array
from typing import TYPE_CHECKING, Self
from zlib import crc32

from backend.detection.state.packing import Packed, StateInvalid, items, listed, number, text, whole

if TYPE_CHECKING:
    _Numbers = array[int]
else:
    _Numbers = array

LEAST_REMEMBERED, MOST_REMEMBERED = 16, 256
REMEMBERED_S = 900.0
MOST_FAMILIAR = 16
"""Devices and addresses, or merchants, that a customer is known with."""
_BYTES = 8
_HALF = 4


def hashed(name: str) -> int:
    """32 bits that any process makes of the name again."""
    try:
        return crc32(name.encode())
    except UnicodeEncodeError:
        return crc32(name.encode(errors="surrogatepass"))


class EventIds:
    """The newest events' ids, each with a digest of what the event said.

    A delivery repeated within a quarter of an hour and 256 events is recognised, and within 16 events after any time.
    32 bits each: of ids that differ, one in sixteen million looks like another's, and is told from it by what was said.
    Memory: at most 2 kB, of a busy customer.
    """

    __slots__ = ("_entries", "_old", "_since")

    def __init__(self) -> None:
        self._entries = bytearray()
        self._old = 0
        """How many bytes of them are of before `_since`."""
        self._since = 0.0

    def take(self, event_id: str, said: str, t: float) -> bool | None:
        """Remember an event unless it is known, and forget old ones when there are many. Whether it was new; None when
        its id is known with another content: nothing is remembered then."""
        head = hashed(event_id).to_bytes(_HALF, "little")
        entries = self._entries
        at = entries.find(head)
        entry = head + hashed(said).to_bytes(_HALF, "little")
        if at >= 0:
            reused = False
            while at >= 0:
                if not at % _BYTES:
                    if entries.startswith(entry, at):
                        return False
                    reused = True
                at = entries.find(head, at + 1)
            if reused:
                return None
        size = len(entries)
        if not size:
            self._since = t
        elif size - self._old >= LEAST_REMEMBERED * _BYTES and not -REMEMBERED_S < t - self._since < REMEMBERED_S:
            del entries[: self._old]
            self._old, self._since = len(entries), t
        elif size >= MOST_REMEMBERED * _BYTES:
            del entries[:_BYTES]
            self._old = max(0, self._old - _BYTES)
        entries += entry
        return True

    def packed(self) -> Packed:
        """As plain JSON."""
        return [self._entries.hex(), self._old, self._since]

    @classmethod
    def unpacked(cls, value: Packed) -> "EventIds":
        """From `packed`. Raises StateInvalid for anything else."""
        entries, old, since = items(value, 3)
        ids = cls()
        ids._entries, ids._old, ids._since = bytearray(_from_hex(entries)), whole(old), number(since)
        return ids


def _from_hex(value: Packed) -> bytes:
    try:
        found = bytes.fromhex(text(value))
    except ValueError:
        raise StateInvalid("ids in hexadecimal digits were expected") from None
    if len(found) > MOST_REMEMBERED * _BYTES or len(found) % _BYTES:
        raise StateInvalid("more ids than are remembered, or parts of one")
    return found


class Familiar(_Numbers):
    """The names that a customer was seen with most recently, as 32 bits each, and since when (hours since 1970)."""

    __slots__ = ()

    @classmethod
    def empty(cls) -> Self:
        """Of no names yet."""
        return cls("I")

    def see(self, name: str, t: float, at_most: int) -> float | None:
        """Remember the name as the one seen last, and say since when it was known before, in seconds since 1970, to the
        hour; None when it was not."""
        key, size = hashed(name), len(self)
        hour = int(t // 3_600)
        if not 0 <= hour < 2**32:
            hour = 0 if hour < 0 else 2**32 - 1
        at = size - 2
        while at >= 0:
            if self[at] == key:
                first = self[at + 1]
                if hour < first:
                    self[at + 1] = hour
                if at != size - 2:
                    self.extend(self[at : at + 2])
                    del self[at : at + 2]
                return first * 3_600.0
            at -= 2
        if size >= 2 * at_most:
            del self[: size - 2 * at_most + 2]
        self.extend((key, hour))
        return None

    def new_since(self, t: float) -> int:
        """How many names were first seen in the hour of `t` or later."""
        hour = t // 3_600
        return sum(1 for first in self[1::2] if first >= hour)

    def packed(self) -> Packed:
        """As plain JSON."""
        return listed(self)

    @classmethod
    def unpacked(cls, value: Packed) -> Self:
        """From `packed`. Raises StateInvalid for anything else."""
        numbers = [whole(each) for each in items(value)]
        if len(numbers) % 2 or len(numbers) > 2 * MOST_FAMILIAR or any(not 0 <= each < 2**32 for each in numbers):
            raise StateInvalid("each name has a hash and an hour, and there are few")
        familiar = cls.empty()
        familiar.extend(numbers)
        return familiar
