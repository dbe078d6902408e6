"""Reading request headers (HPACK, RFC 7541).

A client repeats the same header block call after call. As long as nothing has changed the dynamic table, equal bytes
mean equal headers, so a block is decoded once.
"""

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

from local.scheduler.http2 import huffman

TABLE_BYTES = 4096
CACHED_BLOCKS = 256
DECODED_BYTES = 64 * 1024

# fmt: off
_STATIC: tuple[tuple[bytes, bytes], ...] = (
    (b":authority", b""), (b":method", b"GET"), (b":method", b"POST"), (b":path", b"/"), (b":path", b"/index.html"),
    (b":scheme", b"http"), (b":scheme", b"https"), (b":status", b"200"), (b":status", b"204"), (b":status", b"206"),
    (b":status", b"304"), (b":status", b"400"), (b":status", b"404"), (b":status", b"500"), (b"accept-charset", b""),
    (b"accept-encoding", b"gzip, deflate"), (b"accept-language", b""), (b"accept-ranges", b""), (b"accept", b""),
    (b"access-control-allow-origin", b""), (b"age", b""), (b"allow", b""), (b"authorization", b""),
    (b"cache-control", b""), (b"content-disposition", b""), (b"content-encoding", b""), (b"content-language", b""),
    (b"content-length", b""), (b"content-location", b""), (b"content-range", b""), (b"content-type", b""),
    (b"cookie", b""), (b"date", b""), (b"etag", b""), (b"expect", b""), (b"expires", b""), (b"from", b""),
    (b"host", b""), (b"if-match", b""), (b"if-modified-since", b""), (b"if-none-match", b""), (b"if-range", b""),
    (b"if-unmodified-since", b""), (b"last-modified", b""), (b"link", b""), (b"location", b""),
    (b"max-forwards", b""), (b"proxy-authenticate", b""), (b"proxy-authorization", b""), (b"range", b""),
    (b"referer", b""), (b"refresh", b""), (b"retry-after", b""), (b"server", b""), (b"set-cookie", b""),
    (b"strict-transport-security", b""), (b"transfer-encoding", b""), (b"user-agent", b""), (b"vary", b""),
    (b"via", b""), (b"www-authenticate", b""),
)
# fmt: on


class Headers(NamedTuple):
    """What a request says before its message. `metadata` has everything but the pseudo headers, by lower-case name."""

    path: str
    metadata: Mapping[str, str]


class Decoder:
    """The reading end of one connection's header compression."""

    def __init__(self) -> None:
        self._table: deque[tuple[bytes, bytes]] = deque()
        self._size = 0
        self._limit = TABLE_BYTES
        self._cache: dict[bytes, Headers] = {}

    def decode(self, block: bytes) -> Headers:
        """The headers in a block; raises ValueError when it is malformed: the connection cannot go on then."""
        known = self._cache.get(block)
        if known is not None:
            return known
        try:
            fields, changed = self._fields(block)
        except IndexError:
            raise ValueError("A header block ends in the middle.") from None
        headers = _headers(fields)
        if changed or len(self._cache) >= CACHED_BLOCKS:
            self._cache.clear()
        if not changed:
            self._cache[block] = headers
        return headers

    def _fields(self, block: bytes) -> tuple[list[tuple[bytes, bytes]], bool]:
        """The fields, and whether the table has changed."""
        fields: list[tuple[bytes, bytes]] = []
        changed = False
        at = 0
        while at < len(block):
            first = block[at]
            if first & 0x80:
                index, at = _integer(block, at, 7)
                fields.append(self._entry(index))
            elif first & 0x40:
                field, at = self._literal(block, at, 6)
                fields.append(field)
                self._add(field)
                changed = True
            elif first & 0x20:
                size, at = _integer(block, at, 5)
                if size > TABLE_BYTES:
                    raise ValueError("The header table was made larger than allowed.")
                self._limit = size
                self._shrink()
                changed = True
            else:
                field, at = self._literal(block, at, 4)
                fields.append(field)
        return fields, changed

    def _literal(self, block: bytes, at: int, bits: int) -> tuple[tuple[bytes, bytes], int]:
        index, at = _integer(block, at, bits)
        if index:
            name = self._entry(index)[0]
        else:
            name, at = _string(block, at)
        value, at = _string(block, at)
        return (name, value), at

    def _entry(self, index: int) -> tuple[bytes, bytes]:
        if not 0 < index <= len(_STATIC) + len(self._table):
            raise ValueError("A header refers to an entry that the table does not have.")
        return _STATIC[index - 1] if index <= len(_STATIC) else self._table[index - len(_STATIC) - 1]

    def _add(self, field: tuple[bytes, bytes]) -> None:
        self._table.appendleft(field)
        self._size += _weight(field)
        self._shrink()

    def _shrink(self) -> None:
        while self._size > self._limit:
            self._size -= _weight(self._table.pop())


def _weight(field: tuple[bytes, bytes]) -> int:
    return len(field[0]) + len(field[1]) + 32


def _integer(block: bytes, at: int, bits: int) -> tuple[int, int]:
    most = (1 << bits) - 1
    value = block[at] & most
    at += 1
    if value < most:
        return value, at
    shift = 0
    while True:
        byte = block[at]
        at += 1
        value += (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, at
        if shift > 28:
            raise ValueError("A number in a header block is too large.")


def _string(block: bytes, at: int) -> tuple[bytes, int]:
    coded = block[at] & 0x80
    length, at = _integer(block, at, 7)
    end = at + length
    if end > len(block):
        raise ValueError("A header block ends in the middle.")
    raw = block[at:end]
    return (huffman.decode(raw) if coded else raw), end


def _headers(fields: list[tuple[bytes, bytes]]) -> Headers:
    if sum(len(name) + len(value) for name, value in fields) > DECODED_BYTES:
        raise ValueError(f"Headers of more than {DECODED_BYTES:,} bytes are refused.")
    path = ""
    metadata: dict[str, str] = {}
    for name, value in fields:
        if name == b":path":
            path = value.decode("utf-8", "replace")
        elif not name.startswith(b":"):
            metadata[name.decode("utf-8", "replace")] = value.decode("utf-8", "replace")
    return Headers(path, metadata)


def literal(name: bytes, value: bytes) -> bytes:
    """A response header, written without touching the client's table."""
    return b"\x00" + _length(len(name)) + name + _length(len(value)) + value


def _length(value: int) -> bytes:
    if value < 127:
        return bytes((value,))
    out = bytearray((127,))
    value -= 127
    while value > 127:
        out.append((value & 127) | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
