"""The SDK's own AMQP codec, which is no part of its public interface and has no types."""

import importlib
import struct
from collections.abc import Iterator
from typing import Any

_pyamqp = "azure.eventhub._pyamqp"
codec_in: Any = importlib.import_module(f"{_pyamqp}._decode")
codec_out: Any = importlib.import_module(f"{_pyamqp}._encode")
frames: Any = importlib.import_module(f"{_pyamqp}.performatives")
messages: Any = importlib.import_module(f"{_pyamqp}.message")
endpoints: Any = importlib.import_module(f"{_pyamqp}.endpoints")
outcomes: Any = importlib.import_module(f"{_pyamqp}.outcomes")
errors: Any = importlib.import_module(f"{_pyamqp}.error")
types: Any = importlib.import_module(f"{_pyamqp}.types")

Fields = list[Any]

BATCH_FORMAT = 0x80013700
MAX_FRAME_BYTES = 64 * 1024
MAX_MESSAGE_BYTES = 1024 * 1024
WINDOW = 2**31 - 1
_ROOM_FOR_HEAD = 1024
"""Of a frame: more than the head of a transfer takes."""


def frame(performative: str, channel: int, kind: bytes, given: dict[str, Any]) -> bytes:
    """A frame as it is written: `kind` is 1 for SASL, 0 for AMQP."""
    made: Any = getattr(frames, performative)
    header, body = codec_out.encode_frame(made(**{key: given.get(key) for key in made._fields}), kind)
    return header + struct.pack(">H", 0 if kind == b"\x01" else channel) + body


def decoded(payload: bytes | bytearray) -> Any:
    """The message in a payload."""
    return codec_in.decode_payload(memoryview(payload))


def encoded(message: Any) -> bytes:
    """A message as the payload of transfers."""
    return bytes(codec_out.encode_payload(bytearray(), message))


def pieces(payload: bytes) -> Iterator[tuple[bytes, bool]]:
    """The payload as it is cut for frames; with each, whether there is more."""
    size = MAX_FRAME_BYTES - _ROOM_FOR_HEAD
    for start in range(0, len(payload), size):
        yield payload[start : start + size], start + size < len(payload)


def error(condition: bytes, description: str) -> Any:
    """What a detach or a disposition says is wrong."""
    return errors.AMQPError(condition=condition, description=description, info=None)


def long(value: int) -> dict[str, Any]:
    """A whole number of 64 bits, whatever its size."""
    return {types.TYPE: types.AMQPTypes.long, types.VALUE: value}


def timestamp(milliseconds: int) -> dict[str, Any]:
    """A point in time."""
    return {types.TYPE: types.AMQPTypes.timestamp, types.VALUE: milliseconds}


def entries(value: Any) -> dict[Any, Any]:
    """A map that may be missing."""
    return value or {}
