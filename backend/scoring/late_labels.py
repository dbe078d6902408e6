"""Scored charges that wait for what they turn out to be.

A reviewer's verdict labels the charges that triggered the case. All others become "no fraud" when the label delay is
over. Learning happens then, in the order in which labels become known, and depends on nothing but the calls.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final, NamedTuple

from backend.detection.features import FEATURE_SET
from backend.detection.state.packing import Packed, StateInvalid, items, number, text, whole

VERSION: Final = 2
"""Of what `packed` writes."""
LABEL_DELAY_S: Final = 7 * 86_400.0
"""Most chargebacks and verdicts have come by then."""
MAX_WAITING: Final = 200_000
MAX_DECIDED: Final = 1_000
"""Verdicts that can still change: of the others, the first one stays learned."""
CHUNK: Final = 2_000
"""Charges that are saved together."""
_REVIEW_DELAYS: Final = 4
"""A charge under review waits for so many label delays; a verdict that is later is not learned from."""


class ChargeKey(NamedTuple):
    """Which charge it is: an event id is that of one customer, and others may have the same."""

    customer_id: int
    event_id: str


class WaitingEvent(NamedTuple):
    """A scored charge without a label."""

    key: ChargeKey
    t: float
    """Seconds since 1970."""
    acceptor: str | None
    vector: bytes
    score: float
    alerted: bool
    """Whether a rule raised an alert for it."""
    line: int = 0
    """Of the model that scored it."""
    chunk: int = 0
    """With which others it is saved."""


class LabelledEvent(NamedTuple):
    """A scored charge, and what it turned out to be."""

    event: WaitingEvent
    is_fraud: bool


class LateLabels:
    """Charges of one partition in the order in which they were scored; at most `capacity`, about 470 bytes each.

    A charge that is dropped, because there are too many or its review took too long, is never learned from:
    `dropped` counts them.
    """

    __slots__ = (
        "_capacity",
        "_changed",
        "_chunks",
        "_decided",
        "_delay_s",
        "_in_review",
        "_kept",
        "_waiting",
        "dropped",
    )

    def __init__(self, delay_s: float = LABEL_DELAY_S, capacity: int = MAX_WAITING) -> None:
        self._delay_s = delay_s
        self._capacity = capacity
        self._waiting: OrderedDict[ChargeKey, WaitingEvent] = OrderedDict()
        self._in_review: OrderedDict[ChargeKey, WaitingEvent] = OrderedDict()
        self._decided: OrderedDict[ChargeKey, LabelledEvent] = OrderedDict()
        """The newest verdicts, in case they change."""
        self._kept = 0
        self._chunks: dict[int, list[ChargeKey]] | None = None
        """Which charges were kept in each chunk; None while nobody saves them."""
        self._changed: set[int] = set()
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._in_review)

    def __contains__(self, key: ChargeKey) -> bool:
        """Whether it waits for its label, or had a verdict of late."""
        return any(key in each for each in (self._waiting, self._in_review, self._decided))

    def keep(self, event: WaitingEvent) -> None:
        """Waits for the label. A charge that waits already is kept as it was first."""
        if event.key in self._waiting or event.key in self._in_review:
            return
        chunk = self._kept // CHUNK
        self._kept += 1
        self._waiting[event.key] = event if chunk == event.chunk else event._replace(chunk=chunk)
        if self._chunks is not None:
            self._chunks.setdefault(chunk, []).append(event.key)
            self._changed.add(chunk)
        if len(self) > self._capacity:
            _, oldest = (self._waiting or self._in_review).popitem(last=False)
            self._note(oldest.chunk)
            self.dropped += 1

    def review(self, key: ChargeKey) -> None:
        """A person will decide about this charge: it does not become "no fraud" by time."""
        event = self._waiting.pop(key, None)
        if event is not None:
            self._note(event.chunk)
            self._in_review[key] = event

    def decide(self, key: ChargeKey, is_fraud: bool) -> LabelledEvent | None:
        """The verdict about a charge, to be learned now; None if it does not wait (any more)."""
        event = self._waiting.pop(key, None) or self._in_review.pop(key, None)
        if event is None:
            return None
        self._note(event.chunk)
        known = self._decided[key] = LabelledEvent(event, is_fraud)
        if len(self._decided) > MAX_DECIDED:
            self._decided.popitem(last=False)
        return known

    def change(self, key: ChargeKey, is_fraud: bool) -> LabelledEvent | None:
        """Another verdict about a charge than the one before, to be learned now; None where it is the same, or the one
        before is not known (any more)."""
        before = self._decided.get(key)
        if before is None or before.is_fraud == is_fraud:
            return None
        known = self._decided[key] = LabelledEvent(before.event, is_fraud)
        return known

    def due(self, now: float) -> list[LabelledEvent]:
        """What has waited for the label delay at `now` without a verdict and is no fraud then, to be learned now."""
        known: list[LabelledEvent] = []
        waiting, before = self._waiting, now - self._delay_s
        while waiting and (event := next(iter(waiting.values()))).t < before:
            waiting.popitem(last=False)
            self._note(event.chunk)
            known.append(LabelledEvent(event, is_fraud=False))
        if self._in_review:
            self._give_up(now - _REVIEW_DELAYS * self._delay_s)
        return known

    def take_chunks(self) -> dict[int, Packed]:
        """The chunks that changed since they were taken last, to be saved one by one; None of one of which no charge
        waits any more. `packed_rest` is what is saved beside them. To be called once before the first charge."""
        if self._chunks is None:
            self._chunks = {}
        taken: dict[int, Packed] = {}
        for chunk in sorted(self._changed):
            waiting = [found for each in self._chunks.get(chunk, ()) if (found := self._waiting.get(each)) is not None]
            rows = [_row_of(each) for each in waiting if each.chunk == chunk]
            taken[chunk] = rows or None
            if not rows:
                self._chunks.pop(chunk, None)
        self._changed.clear()
        return taken

    def packed(self) -> Packed:
        """As plain JSON, for another process to go on with."""
        return [self.packed_rest(), [[each.chunk, _row_of(each)] for each in self._waiting.values()]]

    def packed_rest(self) -> Packed:
        """All but the charges that wait for time to pass."""
        decided: list[Packed] = [[_row_of(each.event), each.is_fraud] for each in self._decided.values()]
        in_review: list[Packed] = [_row_of(each) for each in self._in_review.values()]
        return [VERSION, FEATURE_SET, self.dropped, self._kept, len(self._waiting), in_review, decided]

    @staticmethod
    def counts(rest: Packed) -> tuple[int, int]:
        """Of `packed_rest`: how many charges wait, and how many were dropped. Raises StateInvalid."""
        _, _, dropped, _, waiting, in_review, _ = items(rest, 7)
        return whole(waiting) + len(items(in_review)), whole(dropped)

    @classmethod
    def unpacked(cls, value: Packed, delay_s: float = LABEL_DELAY_S, capacity: int = MAX_WAITING) -> "LateLabels":
        """From `packed`. Raises StateInvalid for anything else."""
        rest, waiting = items(value, 2)
        chunks: dict[int, list[Packed]] = {}
        for chunk, row in (items(each, 2) for each in items(waiting)):
            chunks.setdefault(whole(chunk), []).append(row)
        return cls.restored(rest, chunks, delay_s, capacity)

    @classmethod
    def restored(
        cls,
        rest: Packed,
        chunks: Mapping[int, Packed],
        delay_s: float = LABEL_DELAY_S,
        capacity: int = MAX_WAITING,
    ) -> "LateLabels":
        """From `packed_rest` and the chunks. Raises StateInvalid for anything else."""
        version, feature_set, dropped, kept, _, in_review, decided = items(rest, 7)
        if (version, feature_set) != (VERSION, FEATURE_SET):
            raise StateInvalid(f"the charges that wait for labels have version {version} of feature set {feature_set}")
        labels = cls(delay_s, capacity)
        labels.dropped, labels._kept = whole(dropped), whole(kept)
        for event in map(_event_of, items(in_review)):
            labels._in_review[event.key] = event
        for row, is_fraud in (items(each, 2) for each in items(decided)):
            event = _event_of(row)
            labels._decided[event.key] = LabelledEvent(event, is_fraud is True)
        by_chunk = labels._chunks = {}
        for chunk, rows in sorted(chunks.items()):
            events = [_event_of(row)._replace(chunk=chunk) for row in items(rows)]
            labels._waiting.update((event.key, event) for event in events)
            by_chunk[chunk] = [event.key for event in events]
        return labels

    def _note(self, chunk: int) -> None:
        if self._chunks is not None:
            self._changed.add(chunk)

    def _give_up(self, before: float) -> None:
        while self._in_review and next(iter(self._in_review.values())).t < before:
            self._in_review.popitem(last=False)
            self.dropped += 1


def _row_of(event: WaitingEvent) -> Packed:
    return [*event.key, event.t, event.acceptor, event.vector.hex(), event.score, event.alerted, event.line]


def _event_of(row: Packed) -> WaitingEvent:
    customer_id, event_id, t, acceptor, vector, score, alerted, line = items(row, 8)
    try:
        levels = bytes.fromhex(text(vector))
    except ValueError:
        raise StateInvalid("levels in hexadecimal digits were expected") from None
    name = None if acceptor is None else text(acceptor)
    key = ChargeKey(whole(customer_id), text(event_id))
    return WaitingEvent(key, number(t), name, levels, number(score), alerted is True, whole(line))
