"""Count, sum, squares and largest of a stream of values, over the last three to six weeks."""

from array import array
from typing import TYPE_CHECKING, NamedTuple, Self

from backend.detection.state.packing import Packed, floats, listed

if TYPE_CHECKING:
    _Numbers = array[float]
else:
    _Numbers = array

STRETCH_S = 21 * 86_400.0
_KEPT = 2
"""Stretches that count: the one asked about and the one before it, hence 21 to 42 days."""
_SLOTS = _KEPT + 1
"""One more is remembered: of values that are dated ahead, or long past."""
_WIDTH = 5


class Summary(NamedTuple):
    """Sums over the values that count at a time."""

    size: float = 0.0
    """How many."""
    total: float = 0.0
    squares: float = 0.0
    """Sum of the squared values."""
    largest: float = 0.0

    @property
    def mean(self) -> float:
        """Zero when there are no values."""
        return self.total / self.size if self.size else 0.0

    @property
    def variance(self) -> float:
        """Of the sample, never below zero; zero for fewer than two values."""
        if self.size < 2:
            return 0.0
        return max(0.0, (self.squares - self.total * self.total / self.size) / (self.size - 1.0))


NOTHING = Summary()


class History(_Numbers):
    """Of values that are not negative. A value that is dated ahead is one of its own time: it neither ends the time
    before it nor counts for it. Memory: three stretches of five numbers, the one that was added to last at the end."""

    __slots__ = ()

    @classmethod
    def empty(cls) -> Self:
        """Of no values yet."""
        return cls("d")

    def before(self, t: float) -> Summary:
        """What is known at `t`, in seconds since 1970."""
        stretch = t // STRETCH_S
        size = total = squares = largest = 0.0
        for at in range(0, len(self), _WIDTH):
            if 0.0 <= stretch - self[at] < _KEPT:
                size += self[at + 1]
                total += self[at + 2]
                squares += self[at + 3]
                if self[at + 4] > largest:
                    largest = self[at + 4]
        return Summary(size, total, squares, largest) if size else NOTHING

    def add(self, t: float, value: float) -> None:
        """Remembers a value."""
        stretch = t // STRETCH_S
        end = len(self) - _WIDTH
        if end < 0 or self[end] != stretch:
            self._turn_to(stretch)
            end = len(self) - _WIDTH
        self[end + 1] += 1.0
        self[end + 2] += value
        self[end + 3] += value * value
        if value > self[end + 4]:
            self[end + 4] = value

    def reaches(self, t: float, newest: float) -> bool:
        """Whether a value of `t` counts for what is asked about `newest`."""
        return 0.0 <= newest // STRETCH_S - t // STRETCH_S < _KEPT

    def _turn_to(self, stretch: float) -> None:
        """Put a stretch's numbers last, and forget another's when there are too many."""
        starts = range(0, len(self), _WIDTH)
        for at in starts:
            if self[at] == stretch:
                numbers = self[at : at + _WIDTH]
                del self[at : at + _WIDTH]
                self.extend(numbers)
                return
        if len(self) == _SLOTS * _WIDTH:
            # Of those that do not count then the one with the fewest values: most likely dated wrongly.
            beyond = (at for at in starts if not 0.0 <= stretch - self[at] < _KEPT)
            least = min(beyond, key=lambda at: (self[at + 1], -abs(self[at] - stretch)))
            del self[least : least + _WIDTH]
        self.extend((stretch, 0.0, 0.0, 0.0, 0.0))

    def packed(self) -> Packed:
        """As plain JSON."""
        return listed(self)

    @classmethod
    def unpacked(cls, value: Packed) -> Self:
        """From `packed`. Raises StateInvalid for anything else."""
        history = cls.empty()
        history.extend(floats(value, multiple_of=_WIDTH, at_most=_SLOTS * _WIDTH))
        return history
