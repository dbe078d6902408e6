"""The event log: a bounded buffer that many readers follow, each at its own pace."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from itertools import islice

CAPACITY = 20_000
LINES_PER_CHUNK = 500


class EventLog:
    """Lines with consecutive offsets from 0; the oldest are forgotten beyond `capacity`. Lives on one event loop."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._lines: deque[bytes] = deque(maxlen=capacity)
        self._next = 0
        self._changed = asyncio.Event()
        self._closed = False

    @property
    def next_offset(self) -> int:
        """The offset that the next line gets."""
        return self._next

    @property
    def oldest_offset(self) -> int:
        """The first offset that can still be read."""
        return self._next - len(self._lines)

    def append(self, event: bytes) -> int:
        """Add an event, given as JSON; wakes all readers and waits for none. Returns its offset."""
        offset = self._next
        self._lines.append(b'{"offset":%d,"event":%b}\n' % (offset, event))
        self._next += 1
        self._wake()
        return offset

    def close(self) -> None:
        """End the stream of every reader once it has read what is there."""
        self._closed = True
        self._wake()

    async def follow(self, after: int | None) -> AsyncIterator[bytes]:
        """Chunks of whole lines with offsets above `after`, for ever; None starts at the oldest.

        A reader that fell behind the buffer goes on with the oldest line that is left. An `after` that this log
        has not reached comes from an earlier run of the simulator: such a reader starts at the oldest, too.
        """
        position = 0 if after is None or after >= self._next else after + 1
        while True:
            position = max(position, self.oldest_offset)
            if position < self._next:
                start = position - self.oldest_offset
                lines = list(islice(self._lines, start, start + LINES_PER_CHUNK))
                position += len(lines)
                yield b"".join(lines)
            elif self._closed:
                return
            else:
                await self._changed.wait()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
        if self._closed:
            self._changed.set()
