"""What the hub keeps, and where receivers begin."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from tests.support.event_hubs import codec

PARTITION_KEY = b"x-opt-partition-key"
_HEAD_BYTES = 56
"""What an event takes in the log of its partition besides its body: offsets grow by more than one."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SELECTOR = re.compile(r"amqp\.annotation\.x-opt-(offset|sequence-number|enqueued-time) (>=?) '(.+)'")
_LATEST, _EARLIEST = "@latest", "-1"

Fate = Literal["accept", "lose", "keep", "reject"]
"""`lose`: the connection breaks, nothing is kept; `keep`: the events are kept, and it breaks before that is said."""


@dataclass(frozen=True)
class StoredEvent:
    """An event as a partition holds it. Empty texts: it came without."""

    partition: int
    sequence_number: int
    partition_key: str
    message_id: str
    content_type: str
    content_encoding: str | None
    body: bytes
    offset: int = 0
    enqueued_at: datetime = _EPOCH
    properties: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def enqueued_ms(self) -> int:
        """When it was enqueued, in milliseconds since 1970."""
        return milliseconds(self.enqueued_at)


def milliseconds(at: datetime) -> int:
    """Since 1970."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def stored(message: Any, partition: int, before: StoredEvent | None, key: str, at: datetime) -> StoredEvent:
    """The event of a message behind the one `before` it, as it came by AMQP."""
    properties = message.properties
    return StoredEvent(
        partition=partition,
        sequence_number=0 if before is None else before.sequence_number + 1,
        partition_key=key,
        message_id=_text(properties.message_id if properties else None) or "",
        content_type=_text(properties.content_type if properties else None) or "",
        content_encoding=_text(properties.content_encoding if properties else None),
        body=b"".join(bytes(part) for part in message.data),
        offset=0 if before is None else before.offset + len(before.body) + _HEAD_BYTES,
        enqueued_at=at,
        properties={_text(name) or "": value for name, value in codec.entries(message.application_properties).items()},
    )


def message_of(event: StoredEvent, last: StoredEvent | None) -> Any:
    """The message that a receiver gets. `last`: of the partition, for one who asked for that with every event."""
    annotations: dict[bytes, Any] = {
        b"x-opt-sequence-number": codec.long(event.sequence_number),
        b"x-opt-offset": str(event.offset),
        b"x-opt-enqueued-time": codec.timestamp(event.enqueued_ms),
    }
    if event.partition_key:
        annotations[PARTITION_KEY] = event.partition_key
    about = last and {
        b"last_enqueued_sequence_number": codec.long(last.sequence_number),
        b"last_enqueued_offset": str(last.offset),
        b"last_enqueued_time_utc": codec.timestamp(last.enqueued_ms),
        b"runtime_info_retrieval_time_utc": codec.timestamp(milliseconds(datetime.now(UTC))),
    }
    return codec.messages.Message(
        delivery_annotations=about,
        message_annotations=annotations,
        properties=codec.messages.Properties(
            message_id=event.message_id or None,
            content_type=event.content_type or None,
            content_encoding=event.content_encoding,
        ),
        application_properties=dict(event.properties) or None,
        data=[event.body],
    )


def first_wanted(selector: str | None, events: Sequence[StoredEvent]) -> int:
    """The place in a partition from which a receiver with this filter reads; behind it lie all that it gets."""
    match = _SELECTOR.fullmatch(selector or f"amqp.annotation.x-opt-offset > '{_EARLIEST}'")
    assert match is not None, selector
    what, operator, text = match.groups()
    if text == _LATEST:
        return len(events) - (operator == ">=" and bool(events))
    value, inclusive = int(text), operator == ">="
    measures = [_measure(event, what) for event in events]
    return sum(each < value if inclusive else each <= value for each in measures)


def _measure(event: StoredEvent, what: str) -> int:
    match what:
        case "offset":
            return event.offset
        case "sequence-number":
            return event.sequence_number
        case _:
            return event.enqueued_ms


def _text(value: bytes | str | None) -> str | None:
    return value.decode() if isinstance(value, bytes) else value
