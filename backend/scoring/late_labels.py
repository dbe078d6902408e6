"""Scored charges that wait for what they turn out to be.

A reviewer's verdict labels the charges that triggered the case. All others become "no fraud" when the label delay is
over. Learning happens then, in the order in which labels become known, and depends on nothing but the calls.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final, NamedTuple

from backend.detection.features import FEATURE_SET
from backend.detection.state.packing import Packed, StateInvalid, items, number, text, whole

VERSION: Final = 1
"""Of what `packed` writes."""
LABEL_DELAY_S: Final = 7 * 86_400.0
"""Most chargebacks and verdicts have come by then."""
MAX_WAITING: Final = 200_000
_REVIEW_DELAYS: Final = 4
"""A charge under review waits for so many label delays; a verdict that is later is not learned from."""


class WaitingEvent(NamedTuple):
    """A scored charge without a label."""

    event_id: str
    t: float
    """Seconds since 1970."""
    acceptor: str | None
    vector: bytes
    score: float
    alerted: bool
    """Whether a rule raised an alert for it."""


class LabelledEvent(NamedTuple):
    """A scored charge, and what it turned out to be."""

    event: WaitingEvent
    is_fraud: bool


class LateLabels:
    """Charges of one partition in the order in which they were scored; at most `capacity`, about 400 bytes each.

    A charge that is dropped, because there are too many or its review took too long, is never learned from:
    `dropped` counts them.
    """

    __slots__ = ("_capacity", "_delay_s", "_in_review", "_waiting", "dropped")

    def __init__(self, delay_s: float = LABEL_DELAY_S, capacity: int = MAX_WAITING) -> None:
        self._delay_s = delay_s
        self._capacity = capacity
        self._waiting: OrderedDict[str, WaitingEvent] = OrderedDict()
        self._in_review: OrderedDict[str, WaitingEvent] = OrderedDict()
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._in_review)

    def keep(self, event: WaitingEvent) -> None:
        """Waits for the label. An event id that waits already keeps its first event."""
        if event.event_id in self._waiting or event.event_id in self._in_review:
            return
        self._waiting[event.event_id] = event
        if len(self) > self._capacity:
            (self._waiting or self._in_review).popitem(last=False)
            self.dropped += 1

    def review(self, event_id: str) -> None:
        """A person will decide about this charge: it does not become "no fraud" by time."""
        event = self._waiting.pop(event_id, None)
        if event is not None:
            self._in_review[event_id] = event

    def decide(self, event_id: str, is_fraud: bool) -> LabelledEvent | None:
        """The verdict about a charge, to be learned now; None if it does not wait (any more)."""
        event = self._waiting.pop(event_id, None) or self._in_review.pop(event_id, None)
        return None if event is None else LabelledEvent(event, is_fraud)

    def due(self, now: float) -> list[LabelledEvent]:
        """What has waited for the label delay at `now` without a verdict and is no fraud then, to be learned now."""
        known: list[LabelledEvent] = []
        waiting, before = self._waiting, now - self._delay_s
        while waiting and (event := next(iter(waiting.values()))).t < before:
            waiting.popitem(last=False)
            known.append(LabelledEvent(event, is_fraud=False))
        if self._in_review:
            self._give_up(now - _REVIEW_DELAYS * self._delay_s)
        return known

    def packed(self) -> Packed:
        """As plain JSON, for another process to go on with."""
        waiting, in_review = map(_rows_of, (self._waiting, self._in_review))
        return [VERSION, FEATURE_SET, self.dropped, waiting, in_review]

    @classmethod
    def unpacked(cls, value: Packed, delay_s: float = LABEL_DELAY_S, capacity: int = MAX_WAITING) -> "LateLabels":
        """From `packed`. Raises StateInvalid for anything else."""
        version, feature_set, dropped, waiting, in_review = items(value, 5)
        if (version, feature_set) != (VERSION, FEATURE_SET):
            raise StateInvalid(f"the charges that wait for labels have version {version} of feature set {feature_set}")
        labels = cls(delay_s, capacity)
        labels.dropped = whole(dropped)
        reviewed = [_event_of(row) for row in items(in_review)]
        for event in [*reviewed, *map(_event_of, items(waiting))]:
            labels.keep(event)
        for event in reviewed:
            labels.review(event.event_id)
        return labels

    def _give_up(self, before: float) -> None:
        while self._in_review and next(iter(self._in_review.values())).t < before:
            self._in_review.popitem(last=False)
            self.dropped += 1


def _rows_of(events: Mapping[str, WaitingEvent]) -> list[Packed]:
    return [
        [each.event_id, each.t, each.acceptor, each.vector.hex(), each.score, each.alerted] for each in events.values()
    ]


def _event_of(row: Packed) -> WaitingEvent:
    event_id, t, acceptor, vector, score, alerted = items(row, 6)
    try:
        levels = bytes.fromhex(text(vector))
    except ValueError:
        raise StateInvalid("levels in hexadecimal digits were expected") from None
    name = None if acceptor is None else text(acceptor)
    return WaitingEvent(text(event_id), number(t), name, levels, number(score), alerted is True)
