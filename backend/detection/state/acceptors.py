"""What is known of a terminal or merchant, a card acceptor: its traffic, and the frauds that were confirmed there.

A compromised terminal is used against many customers. Its labels come late, and say more about its next charges than
anything in the charge itself.
"""

from collections import OrderedDict
from collections.abc import Mapping
from math import exp, inf
from struct import Struct
from typing import Final, NamedTuple

from backend.detection.state.pace import DAY_S
from backend.detection.state.packing import Packed, StateInvalid, items, number, text

MAX_ACCEPTORS: Final = 100_000
MONTH_S: Final = 30 * DAY_S

_FIGURES: Final = Struct("<10d")
_UNSEEN: Final = _FIGURES.pack(-inf, 0.0, 0.0, -inf, 0.0, 0.0, 0.0, -inf, -inf, 0.0)
_USE_AT: Final = 9
"""Where the number of the last use is among the figures: it orders acceptors that were saved one by one."""
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

    __slots__ = ("_capacity", "_changed", "_known", "_uses")

    def __init__(self, capacity: int = MAX_ACCEPTORS) -> None:
        self._capacity = capacity
        self._known: OrderedDict[str, bytes] = OrderedDict()
        self._uses = 0
        self._changed: set[str] | None = None
        """Names that changed since they were taken; None while nobody takes them."""

    def __len__(self) -> int:
        return len(self._known)

    def observe(self, acceptor: str, at: float) -> AcceptorHistory:
        """What was known before a charge at `at`, in seconds since 1970; then counts the charge."""
        figures = self._known.get(acceptor, _UNSEEN)
        last, day, month, labelled_at, labelled, frauds, streak, streak_from, newest_fraud, _ = _FIGURES.unpack(figures)
        passed = at - last
        weight1 = weight30 = 1.0
        if passed > 0:
            if day:
                day, month = day * exp(-passed / DAY_S), month * exp(-passed / MONTH_S)
            last = at
        else:
            weight1, weight30 = exp(passed / DAY_S), exp(passed / MONTH_S)
        self._uses += 1
        self._known[acceptor] = _FIGURES.pack(
            last,
            day + weight1,
            month + weight30,
            labelled_at,
            labelled,
            frauds,
            streak,
            streak_from,
            newest_fraud,
            self._uses,
        )
        if self._changed is not None:
            self._changed.add(acceptor)
        if figures is _UNSEEN:
            if len(self._known) > self._capacity:
                forgotten, _ = self._known.popitem(last=False)
                if self._changed is not None:
                    self._changed.add(forgotten)
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
        last, day, month, labelled_at, labelled, frauds, streak, streak_from, newest_fraud, use = _FIGURES.unpack(
            figures
        )
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
            last, day, month, labelled_at, labelled, frauds, streak, streak_from, newest_fraud, use
        )
        if self._changed is not None:
            self._changed.add(acceptor)

    def correct(self, acceptor: str, at: float, is_fraud: bool) -> None:
        """The label of a charge of `at` was the other one. Of one that is forgotten, nothing is corrected."""
        figures = self._known.get(acceptor)
        if figures is None:
            return
        last, day, month, labelled_at, labelled, frauds, streak, streak_from, newest_fraud, use = _FIGURES.unpack(
            figures
        )
        weight = exp(min(0.0, at - labelled_at) / MONTH_S)
        if is_fraud:
            frauds = min(labelled, frauds + weight)
            streak, streak_from = streak + 1, min(at, streak_from) if streak else at
            newest_fraud = max(at, newest_fraud)
        else:
            frauds, streak = max(0.0, frauds - weight), max(0.0, streak - 1)
        self._known[acceptor] = _FIGURES.pack(
            last, day, month, labelled_at, labelled, frauds, streak, streak_from, newest_fraud, use
        )
        if self._changed is not None:
            self._changed.add(acceptor)

    def take_changes(self) -> dict[str, Packed]:
        """What changed since it was taken last, by name, to be saved one by one; None of one that is forgotten. The
        first call says nothing, and has changes noted from then on."""
        changed, self._changed = self._changed or (), set()
        return {name: _row(self._known[name]) if name in self._known else None for name in sorted(changed)}

    def restore(self, saved: Mapping[str, Packed]) -> None:
        """Put back what `take_changes` gave. Raises StateInvalid for anything else."""
        read = {name: _figures(items(row, 10)) for name, row in saved.items()}
        self._known = OrderedDict(sorted(read.items(), key=lambda item: _FIGURES.unpack(item[1])[_USE_AT]))
        self._uses = max((int(_FIGURES.unpack(each)[_USE_AT]) for each in self._known.values()), default=0)
        self._changed = set()

    def packed(self) -> Packed:
        """As plain JSON, the one used longest ago first, for another process to go on with."""
        rows: list[Packed] = [[name, *items(_row(figures))] for name, figures in self._known.items()]
        return [VERSION, rows]

    @classmethod
    def unpacked(cls, value: Packed, capacity: int = MAX_ACCEPTORS) -> "Acceptors":
        """From `packed`, of which the newest `capacity` are kept. Raises StateInvalid for anything else."""
        version, rows = items(value, 2)
        if version != VERSION:
            raise StateInvalid(f"the version of acceptors is {version}, and this release reads {VERSION}")
        acceptors = cls(capacity)
        for row in items(rows)[-capacity:]:
            name, *figures = items(row, 11)
            acceptors._known[text(name)] = _figures(figures)
        acceptors._uses = max((int(_FIGURES.unpack(each)[_USE_AT]) for each in acceptors._known.values()), default=0)
        return acceptors


def _row(figures: bytes) -> Packed:
    return [None if each == -inf else each for each in _FIGURES.unpack(figures)]


def _figures(row: list[Packed]) -> bytes:
    return _FIGURES.pack(*(-inf if each is None else number(each) for each in row))
