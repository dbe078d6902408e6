"""HTTP/2 frames (RFC 9113): numbers, and how those that this server sends are written."""

import struct
from enum import IntEnum

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEAD_BYTES = 9
FRAME_BYTES = 16_384  # what either side accepts unless the other has said more
FIRST_WINDOW = 65_535
LARGEST_WINDOW = 2**31 - 1

_HEAD = struct.Struct(">BHBBI")
_PAIR = struct.Struct(">HI")
_WORD = struct.Struct(">I")

END_STREAM = ACK = 0x1
END_HEADERS = 0x4
PADDED = 0x8
PRIORITIZED = 0x20


class Kind(IntEnum):
    """Types of frames."""

    DATA = 0
    HEADERS = 1
    PRIORITY = 2
    RST_STREAM = 3
    SETTINGS = 4
    PUSH_PROMISE = 5
    PING = 6
    GOAWAY = 7
    WINDOW_UPDATE = 8
    CONTINUATION = 9


class Setting(IntEnum):
    """What a side tells the other about itself."""

    MAX_CONCURRENT_STREAMS = 3
    INITIAL_WINDOW_SIZE = 4
    MAX_FRAME_SIZE = 5
    MAX_HEADER_LIST_SIZE = 6


class Code(IntEnum):
    """Why a stream or a connection ends."""

    NO_ERROR = 0
    PROTOCOL_ERROR = 1
    FLOW_CONTROL_ERROR = 3
    STREAM_CLOSED = 5
    FRAME_SIZE_ERROR = 6
    REFUSED_STREAM = 7
    CANCEL = 8
    COMPRESSION_ERROR = 9
    ENHANCE_YOUR_CALM = 11


class ProtocolError(Exception):
    """The client broke the protocol: the connection ends with this code."""

    def __init__(self, code: Code, text: str) -> None:
        super().__init__(text)
        self.code = code


def head(length: int, kind: int, flags: int, stream: int) -> bytes:
    """The nine bytes before a frame's payload."""
    return _HEAD.pack(length >> 16, length & 0xFFFF, kind, flags, stream)


def read_head(data: bytes, at: int) -> tuple[int, int, int, int]:
    """(length, kind, flags, stream) of the frame at `at`."""
    high, low, kind, flags, stream = _HEAD.unpack_from(data, at)
    return (high << 16) | low, kind, flags, stream & 0x7FFFFFFF


def settings(values: dict[Setting, int]) -> bytes:
    """A SETTINGS frame."""
    body = b"".join(_PAIR.pack(name, value) for name, value in values.items())
    return head(len(body), Kind.SETTINGS, 0, 0) + body


def read_settings(body: bytes) -> list[tuple[int, int]]:
    """(name, value) pairs; raises ProtocolError."""
    if len(body) % 6:
        raise ProtocolError(Code.FRAME_SIZE_ERROR, "A SETTINGS frame has a wrong size.")
    return list(_PAIR.iter_unpack(body))


def window_update(stream: int, more: int) -> bytes:
    """Lets the client send `more` bytes."""
    return head(4, Kind.WINDOW_UPDATE, 0, stream) + _WORD.pack(more)


def reset(stream: int, code: Code) -> bytes:
    """Ends a stream at once."""
    return head(4, Kind.RST_STREAM, 0, stream) + _WORD.pack(code)


def go_away(last: int, code: Code, text: str = "") -> bytes:
    """Says that no stream after `last` will be served."""
    body = struct.pack(">II", last, code) + text.encode()
    return head(len(body), Kind.GOAWAY, 0, 0) + body


def read_word(body: bytes) -> int:
    """The number in a four-byte payload; raises ProtocolError."""
    if len(body) != 4:
        raise ProtocolError(Code.FRAME_SIZE_ERROR, "A frame of four bytes has another size.")
    return int(_WORD.unpack(body)[0])


SETTINGS_ACK = head(0, Kind.SETTINGS, ACK, 0)


def unpadded(flags: int, body: bytes) -> bytes:
    """A DATA or HEADERS payload without padding and priority; raises ProtocolError."""
    start, end = 0, len(body)
    if flags & PADDED:
        if not body:
            raise ProtocolError(Code.FRAME_SIZE_ERROR, "A padded frame has no padding length.")
        start, end = 1, end - body[0]
    if flags & PRIORITIZED:
        start += 5
    if start > end:
        raise ProtocolError(Code.PROTOCOL_ERROR, "A frame is all padding and more.")
    return body[start:end]
