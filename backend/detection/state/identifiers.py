"""Which events came already, and which devices, addresses and merchants a customer is known with."""

from array import array
from struct import Struct
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
_HEADER = Struct("<Hd")
_START = _HEADER.size


def hashed(name: str) -> int:
    """32 bits that any process makes of the name again."""
    try:
        return crc32(name.encode())
    except UnicodeEncodeError:
        return crc32(name.encode(errors="surrogatepass"))


class EventIds(bytearray):
    """The newest events' ids, each with a digest of what the event said.

    A delivery repeated within a quarter of an hour and 256 events is recognised, and within 16 events after any time.
    32 bits each: of ids that differ, one in sixteen million looks like another's, and is told from it by what was said.
    Memory: at most 2 kB, of a busy customer. One run of bytes: how many entries are of before a time, that time, and
    the entries.
    """

    __slots__ = ()

    @classmethod
    def empty(cls) -> Self:
        """Of no events yet."""
        return cls(_HEADER.size)

    def take(self, event_id: str, said: str, t: float) -> bool | None:
        """Remember an event unless it is known, and forget old ones when there are many. Whether it was new; None when
        its id is known with another content: nothing is remembered then."""
        head = hashed(event_id).to_bytes(_HALF, "little")
        at = self.find(head, _START)
        entry = head + hashed(said).to_bytes(_HALF, "little")
        if at >= 0:
            reused = False
            while at >= 0:
                if not (at - _START) % _BYTES:
                    if self.startswith(entry, at):
                        return False
                    reused = True
                at = self.find(head, at + 1)
            if reused:
                return None
        size = len(self) - _START
        if not size or size >= LEAST_REMEMBERED * _BYTES:
            self._forget(size, t)
        self += entry
        return True

    def _forget(self, size: int, t: float) -> None:
        old, since = _HEADER.unpack_from(self)
        if not size:
            _HEADER.pack_into(self, 0, 0, t)
        elif size - old * _BYTES >= LEAST_REMEMBERED * _BYTES and not -REMEMBERED_S < t - since < REMEMBERED_S:
            del self[_START : _START + old * _BYTES]
            _HEADER.pack_into(self, 0, (len(self) - _START) // _BYTES, t)
        elif size >= MOST_REMEMBERED * _BYTES:
            del self[_START : _START + _BYTES]
            _HEADER.pack_into(self, 0, max(0, old - 1), since)

    def packed(self) -> Packed:
        """As plain JSON: the entries, how many bytes of them are old, and since when the others came."""
        old, since = _HEADER.unpack_from(self)
        return [self[_START:].hex(), old * _BYTES, since]

    @classmethod
    def unpacked(cls, value: Packed) -> Self:
        """From `packed`. Raises StateInvalid for anything else."""
        entries, old, since = items(value, 3)
        known, bytes_old = _from_hex(entries), whole(old)
        if not 0 <= bytes_old <= len(known) or bytes_old % _BYTES:
            raise StateInvalid("no more ids can be old than there are")
        ids = cls.empty()
        _HEADER.pack_into(ids, 0, bytes_old // _BYTES, number(since))
        ids += known
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
