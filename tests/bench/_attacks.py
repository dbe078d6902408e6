"""Attacks on one port, in a process of its own: `python -m tests.bench._attacks NAME PORT CONNECTIONS SECONDS`.

Prints how the connections ended as a JSON object.
"""

import asyncio
import contextlib
import gzip
import json
import os
import resource
import statistics
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

HEAD = b"POST /api/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
DRIP_S = 0.5
"""Between two bytes of who is slow."""
CONNECTS_AT_ONCE = 200
LEVELS = 100_000
FRAGMENT = 60_000
INFLATED = 256 * 1024 * 1024
"""Bytes of a body that is small as it is sent."""


@dataclass
class Attack:
    """What the attacker sees."""

    port: int
    ends_at: float
    outcomes: Counter[str] = field(default_factory=Counter[str])
    lived_s: list[float] = field(default_factory=list[float])
    """How long connections lived that the server has closed."""
    doorway: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CONNECTS_AT_ONCE))

    @property
    def goes_on(self) -> bool:
        return time.monotonic() < self.ends_at

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with self.doorway:
            return await asyncio.open_connection("127.0.0.1", self.port)

    async def wait_for_end(self, reader: asyncio.StreamReader, began: float) -> None:
        """Note what the server says, or that it closes, or neither while the attack goes on."""
        try:
            async with asyncio.timeout(max(0.0, self.ends_at - time.monotonic())):
                answer = await reader.read(64)
                while await reader.read(65_536):
                    pass
        except TimeoutError:
            self.outcomes["still open"] += 1
            return
        except OSError:
            answer = b""
        self.lived_s.append(time.monotonic() - began)
        self.outcomes[answer.split(b" ")[1].decode() if answer.startswith(b"HTTP/1.1 ") else "closed"] += 1


async def _drip(attack: Attack, first: bytes, drop: bytes) -> None:
    began = time.monotonic()
    reader, writer = await attack.connect()
    ended = asyncio.create_task(attack.wait_for_end(reader, began))
    with contextlib.suppress(OSError):
        writer.write(first)
        while not ended.done():
            writer.write(drop)
            await writer.drain()
            await asyncio.wait([ended], timeout=DRIP_S)
    await ended
    writer.close()


async def _send(attack: Attack, *pieces: bytes) -> None:
    began = time.monotonic()
    reader, writer = await attack.connect()
    ended = asyncio.create_task(attack.wait_for_end(reader, began))
    with contextlib.suppress(OSError):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
    await ended
    writer.close()


def _with_body(body: bytes, *headers: bytes) -> bytes:
    lines = [b"Connection: close", b"Content-Length: %d" % len(body), *headers]
    return HEAD + b"\r\n".join(lines) + b"\r\n\r\n" + body


@cache
def _bomb() -> bytes:
    return gzip.compress(bytes(INFLATED), 9)


async def silent(attack: Attack) -> None:
    """Connects and says nothing."""
    await _send(attack)


async def slow_headers(attack: Attack) -> None:
    """One header after the other, for ever."""
    await _drip(attack, HEAD, b"X: y\r\n")


async def slow_body(attack: Attack) -> None:
    """A body that never ends."""
    await _drip(attack, HEAD + b"Content-Length: 100000\r\n\r\n", b"x")


async def large_headers(attack: Attack) -> None:
    """Headers of 20 MB."""
    await _send(attack, HEAD, *[b"X: " + b"y" * 65_536 + b"\r\n"] * 320)


async def deep_json(attack: Attack) -> None:
    """JSON of 100,000 levels."""
    await _send(attack, _with_body(b"[" * LEVELS + b"]" * LEVELS))


async def inflating(attack: Attack) -> None:
    """A small body that would be large if somebody inflated it."""
    await _send(attack, _with_body(_bomb(), b"Content-Encoding: gzip"))


async def large_frames(attack: Attack) -> None:
    """A socket, and frames that are larger than allowed, in fragments that do not end."""
    token = os.environ["ATTACKER_TOKEN"].encode()
    upgrade = (
        b"GET /api/workflow/ws/" + os.environ["ATTACKED_CASE"].encode() + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer " + token
        + b"\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )  # fmt: skip
    began = time.monotonic()
    reader, writer = await attack.connect()
    writer.write(upgrade)
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        await reader.readuntil(b"\r\n\r\n")
        for first in (b"\x01", *[b"\x00"] * 20):
            # Masked with zeros, and never the last one.
            writer.write(first + b"\xfe" + FRAGMENT.to_bytes(2) + bytes(4) + b"x" * FRAGMENT)
            await writer.drain()
    await attack.wait_for_end(reader, began)
    writer.close()


ATTACKS: Mapping[str, Callable[[Attack], Awaitable[None]]] = {
    each.__name__: each for each in (silent, slow_headers, slow_body, large_headers, large_frames, deep_json, inflating)
}


async def run(name: str, port: int, connections: int, seconds: float) -> Attack:
    """So many connections at a time. Who is cut off comes again, but for those that are only silent."""
    attack = Attack(port, time.monotonic() + seconds)

    async def again_and_again() -> None:
        while attack.goes_on:
            try:
                await ATTACKS[name](attack)
            except OSError:
                attack.outcomes["not connected"] += 1
                await asyncio.sleep(DRIP_S)
            if name == "silent":
                return

    await asyncio.gather(*(again_and_again() for _ in range(connections)))
    return attack


def main() -> int:
    """Attacks, and prints how its connections ended. Returns 0."""
    name, port, connections, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    attack = asyncio.run(run(name, port, connections, seconds))
    lived = statistics.median(attack.lived_s) if attack.lived_s else None
    sys.stdout.write(json.dumps({"outcomes": attack.outcomes, "lived_s": lived}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
