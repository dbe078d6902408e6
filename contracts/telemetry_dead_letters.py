"""Telemetry that is not evaluated: why, what is kept of it, and what people do with it."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, NonNegativeInt, PositiveInt, StringConstraints

from contracts.base import Contract, NonEmptyText, UtcDateTime

DeadLetterKind = Literal[
    "unreadable", "from_the_future", "from_the_far_past", "wrong_time_unit", "damaged_gzip", "too_large"
]
"""Why something is not evaluated. `too_large`: there is more of it, unpacked, than is read of one piece of input."""

LetterId: TypeAlias = Annotated[str, StringConstraints(pattern=r"^tdl-[0-9a-f]{32}$")]
LetterState: TypeAlias = Literal["kept", "retry_requested", "retrying", "evaluated", "failed_again"]
"""`kept`: nobody has tried it again. `retrying`: a process that reads telemetry has it in hand."""

KEPT_BYTES = 16 * 1024
"""How much of what is not evaluated is kept, from its beginning on."""
MAX_CHOSEN = 500
"""Letters that one order names."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What is not evaluated, and why: one object where it can be told from others, else a line or the rest of one."""

    kind: DeadLetterKind
    reason: str
    body: bytes = b""
    """As it came, from its beginning on: at most `KEPT_BYTES`."""
    size: int = 0
    """How many bytes it had."""

    def of(self, data: bytes, beyond: int = 0) -> "DeadLetter":
        """The same for these bytes, of which so many more were not kept."""
        return replace(self, body=data[:KEPT_BYTES], size=len(data) + beyond)


class TelemetryDeadLetter(Contract):
    """A piece of telemetry that was not evaluated, as it is on record."""

    letter_id: LetterId
    source: str
    """As the ingest calls it: `event hub telemetry`, `replay of may.jsonl`."""
    file: str | None
    """Name of the recording; null where it came from no file."""
    partition: str | None
    """Of an event hub; null elsewhere."""
    position: NonNegativeInt
    """Line number of a recording, sequence number of a message, or the offset of a stream after which it came."""
    received_at: UtcDateTime
    """When the hub took it; elsewhere, when it was read."""
    kind: DeadLetterKind
    reason: str
    """One phrase."""
    body: str
    """What is kept of it, from its beginning on; bytes that are no text are shown as `\\ufffd`."""
    size: NonNegativeInt
    """How many bytes it had."""
    is_whole: bool
    """Whether all of it is kept: only then it can be tried again."""
    state: LetterState
    tried_at: UtcDateTime | None
    """When it was last tried again."""
    asked_by: str | None
    """Who asked for that last."""
    result: str | None
    """Of that, in one sentence."""


class TelemetryDeadLetterPage(Contract):
    """One page of dead letters, the newest first. `next_cursor` is null on the last."""

    items: tuple[TelemetryDeadLetter, ...]
    next_cursor: str | None


class DeadLetterCount(Contract):
    """How much of one source was not evaluated for one kind of reason, also what is not kept."""

    source: str
    kind: DeadLetterKind
    count: PositiveInt
    kept: NonNegativeInt
    """How many of them are on record, and can be looked at."""
    last_at: UtcDateTime
    last_file: str | None
    last_partition: str | None
    last_position: NonNegativeInt
    """Where the last one was."""
    last_reason: str


class DeadLetterCounts(Contract):
    """All counts, the most frequent first."""

    items: tuple[DeadLetterCount, ...]


class LetterChoice(Contract):
    """Which dead letters an order is about: those that are named, or all of a source and a kind."""

    letter_ids: Annotated[tuple[LetterId, ...], Field(min_length=1, max_length=MAX_CHOSEN)] | None = None
    """Null: all that `source` and `kind` leave."""
    source: str | None = None
    kind: DeadLetterKind | None = None


class LetterDrop(LetterChoice):
    """Dead letters that nobody needs any more."""

    reason: Annotated[NonEmptyText, Field(max_length=1_000)]


class LettersChanged(Contract):
    """What an order did."""

    count: NonNegativeInt
    """How many letters it changed. Those that were already as it wants them, or cannot be tried again, are not."""
