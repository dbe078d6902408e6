"""What is known of a terminal or merchant, a card acceptor: its traffic, and the frauds that were confirmed there.

A compromised terminal is used against many customers. Its labels come late, and say more about its next charges than
anything in the charge itself.
"""

from collections import OrderedDict
from math import exp, inf
from struct import Struct
from typing import Final, NamedTuple

from backend.detection.state.pace import DAY_S
from backend.detection.state.packing import Packed, StateInvalid, items, number, text

MAX_ACCEPTORS: Final = 100_000
MONTH_S: Final = 30 * DAY_S

_FIGURES: Final = Struct("<9d")
_UNSEEN: Final = _FIGURES.pack(-inf, 0.0, 0.0, -inf, 0.0, 0.0, 0.0, -inf, -inf)
VERSION: Final = 1
"""Of what `packed` writes."""


class AcceptorHistory(NamedTuple):
    """What was known of a terminal or merchant before a charge."""

    last_day: float
    """Charges of the last day."""
    last_month: float
    """Charges of the last thirty days."""
    labelled: float
    """Charges of about thirty days whose label is known."""
    frauds: float
    """Those of them that are fraud."""
    streak: int
    """Confirmed frauds since the newest charge that is known to be none."""
    streak_age: float
    """Seconds since the first fraud of the streak; 0 without a streak."""
    label_age: float
    """Seconds since the newest charge whose label is known; infinite without any."""


NOTHING_KNOWN: Final = AcceptorHistory(0.0, 0.0, 0.0, 0.0, 0, 0.0, inf)


class Acceptors:
    """The terminals and merchants of one partition, at most `capacity`; the one used longest ago is forgotten first.

    About 250 bytes each with its name; constant time for each charge and label.
    """

    __slots__ = ("_capacity", "_known")

    def __init__(self, capacity: int = MAX_ACCEPTORS) -> None:
        self._capacity = capacity
        self._known: OrderedDict[str, bytes] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def observe(self, acceptor: str, at: float) -> AcceptorHistory:
        """What was known before a charge at `at`, in seconds since 1970; then counts the charge."""
        figures = self._known.get(acceptor, _UNSEEN)
        last, day, month, labelled_at, labelled, frauds, streak, streak_from, newest_fraud = _FIGURES.unpack(figures)
        passed = at - last
        weight1 = weight30 = 1.0
        if passed > 0:
            if day:
                day, month = day * exp(-passed / DAY_S), month * exp(-passed / MONTH_S)
            last = at
        else:
            weight1, weight30 = exp(passed / DAY_S), exp(passed / MONTH_S)
        self._known[acceptor] = _FIGURES.pack(
            last, day + weight1, month + weight30, labelled_at, labelled, frauds, streak, streak_from, newest_fraud
        )
        if figures is _UNSEEN:
            if len(self._known) > self._capacity:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(acceptor)
        return AcceptorHistory(
            day, month, labelled, frauds, int(streak), at - streak_from if streak else 0.0, at - labelled_at
        )

    def label(self, acceptor: str, at: float, is_fraud: bool) -> None:
        """Remembers what a charge of `at` turned out to be. Of one that is forgotten, nothing is remembered."""
        figures = self._known.get(acceptor)
        if figures is None:
            return
        last, day, month, labelled_at, labelled, frauds, streak, streak_from, newest_fraud = _FIGURES.unpack(figures)
        weight = 1.0
        if at > labelled_at:
            fade = exp((labelled_at - at) / MONTH_S)
            labelled, frauds, labelled_at = labelled * fade, frauds * fade, at
        else:
            weight = exp((at - labelled_at) / MONTH_S)
        labelled += weight
        if is_fraud:
            frauds += weight
            streak, streak_from = streak + 1, min(at, streak_from) if streak else at
            newest_fraud = max(at, newest_fraud)
        elif at >= newest_fraud:
            streak = 0.0
        self._known[acceptor] = _FIGURES.pack(
            last, day, month, labelled_at, labelled, frauds, streak, streak_from, newest_fraud
        )

    def packed(self) -> Packed:
        """As plain JSON, the one used longest ago first, for another process to go on with."""
        rows: list[Packed] = [
            [name, *(None if each == -inf else each for each in _FIGURES.unpack(figures))]
            for name, figures in self._known.items()
        ]
        return [VERSION, rows]

    @classmethod
    def unpacked(cls, value: Packed, capacity: int = MAX_ACCEPTORS) -> "Acceptors":
        """From `packed`, of which the newest `capacity` are kept. Raises StateInvalid for anything else."""
        version, rows = items(value, 2)
        if version != VERSION:
            raise StateInvalid(f"the version of acceptors is {version}, and this release reads {VERSION}")
        acceptors = cls(capacity)
        for row in items(rows)[-capacity:]:
            name, *figures = items(row, 10)
            acceptors._known[text(name)] = _FIGURES.pack(*(-inf if each is None else number(each) for each in figures))
        return acceptors
