"""How much is kept of telemetry that was not evaluated. Pure: no database, no clock."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from contracts.hashing import HASH_PREFIX, text_hash
from contracts.telemetry_dead_letters import DeadLetterKind

MAX_LETTERS = 5_000
"""Of all sources together."""
MAX_OF_KIND = 1_000
"""Of one source and one kind of reason: a flood of one leaves room for the others."""
MAX_TEXT = 500
"""Characters of a name or a reason."""

SourceKind = tuple[str, DeadLetterKind]


@dataclass(frozen=True, slots=True)
class NewLetter:
    """A piece of telemetry that was not evaluated."""

    source: str
    file: str | None
    partition: str | None
    position: int
    received_at: datetime
    kind: DeadLetterKind
    reason: str
    body: bytes
    size: int
    part: int = 0
    """Which part it is of what was read at that place, counted from 0."""
    parts_before: int = 0
    """How many parts in the beginning of `body` were evaluated, or are apart from this."""

    @property
    def letter_id(self) -> str:
        """The same for what is read again at the same place; another for each part of what came together."""
        place = (self.source, self.file, self.partition, self.position, self.part)
        what = (self.kind, self.reason, text_of(self.body))
        return f"tdl-{text_hash(repr(place + what)).removeprefix(HASH_PREFIX)[:32]}"


def text_of(body: bytes) -> str:
    """A body as people are shown it."""
    return body.decode(errors="replace").replace("\0", "\ufffd")


def storable(text: str) -> str:
    """A name or a reason as every database can keep it."""
    return text.encode(errors="replace").decode().replace("\0", "\ufffd")[:MAX_TEXT]


def kept_of(letters: Sequence[NewLetter], there: Mapping[SourceKind, int]) -> list[NewLetter]:
    """Those that are kept beside what is there already, the first before the others."""
    kept = Counter[SourceKind](dict(there))
    total = sum(there.values())
    chosen: list[NewLetter] = []
    for letter in letters:
        of = (letter.source, letter.kind)
        if kept[of] < MAX_OF_KIND and total < MAX_LETTERS:
            kept[of] += 1
            total += 1
            chosen.append(letter)
    return chosen
