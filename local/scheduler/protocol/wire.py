"""The typed boundary to the generated protocol messages, and the few wire tricks that keep dispatch cheap.

A length-delimited protobuf field is `tag, length, payload`, and repeated fields concatenate. Events are therefore
stored as serialized `HistoryEvent`s and put into requests by framing them, without parsing them again.
"""

from collections.abc import Iterable
from typing import TypeVar, cast

import durabletask.internal.orchestrator_service_pb2 as pb
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import StringValue

__all__ = [
    "NEW_EVENTS",
    "PAST_EVENTS",
    "StringValue",
    "Timestamp",
    "frame",
    "micros",
    "optional_text",
    "parse",
    "pb",
    "split_events",
    "text",
    "timestamp",
    "to_bytes",
]

PAST_EVENTS = 3
NEW_EVENTS = 4
ORCHESTRATOR_REQUEST = 1
ACTIVITY_REQUEST = 2
ENTITY_REQUEST_V2 = 5
COMPLETION_TOKEN = 10

M = TypeVar("M", bound=Message)


def _varint(value: int) -> bytes:
    if value < 128:
        return bytes((value,))
    out = bytearray()
    while value > 127:
        out.append((value & 127) | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def frame(number: int, payload: bytes) -> bytes:
    """`payload` as the length-delimited field `number`."""
    return bytes(((number << 3) | 2,)) + _varint(len(payload)) + payload


def work_item(kind: int, request: bytes, token: str) -> bytes:
    """A serialized `WorkItem` around an already serialized request."""
    return frame(kind, request) + frame(COMPLETION_TOKEN, token.encode())


def split_events(blob: bytes) -> list[pb.HistoryEvent]:
    """The events in a blob of framed `pastEvents`."""
    return list(pb.OrchestratorRequest.FromString(blob).pastEvents)


def join_events(events: Iterable[pb.HistoryEvent]) -> bytes:
    """Events framed as `pastEvents`."""
    return pb.OrchestratorRequest(pastEvents=events).SerializeToString()


def to_bytes(message: Message) -> bytes:
    """The serialized message."""
    return message.SerializeToString()


def parse(kind: type[M], data: bytes) -> M:
    """The message in `data`; raises google.protobuf.message.DecodeError when it is none."""
    return kind.FromString(data)


def timestamp(at: int) -> Timestamp:
    """Microseconds since 1970 as a protobuf timestamp."""
    return Timestamp(seconds=at // 1_000_000, nanos=at % 1_000_000 * 1000)


FIRST, LAST = -62_135_596_800 * 1_000_000, 253_402_300_800 * 1_000_000 - 1
"""The years 1 to 9999, all that a protobuf timestamp may hold: whoever sends more must not get a worker stuck."""


def micros(at: Timestamp) -> int:
    """A protobuf timestamp in microseconds since 1970; one that is none is the first or the last that there is."""
    return min(max(at.seconds * 1_000_000 + at.nanos // 1000, FIRST), LAST)


def status_code(status: int) -> pb.OrchestrationStatus:
    """A stored status as the protocol's enumeration, whose values are plain numbers at run time."""
    return cast("pb.OrchestrationStatus", status)


def text(value: str | None) -> StringValue | None:
    """An optional string as the protocol writes it."""
    return None if value is None else StringValue(value=value)


def optional_text(message: Message, field: str) -> str | None:
    """The string in an optional wrapper field, None when the field is absent."""
    if not message.HasField(field):
        return None
    wrapper: StringValue = getattr(message, field)
    return wrapper.value
