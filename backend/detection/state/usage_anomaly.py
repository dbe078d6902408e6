"""How unusual a usage reading is, judged by the customer's own readings before it.

Four things are followed: the level of the last readings, how far it is from what the time of the week usually brings,
the same over a longer time, and how restless the readings are. Each is compared with its own mean and deviation over
the last thousand readings or so, and the largest of the four deviations counts. Chosen on 38 series of the Numenta
Anomaly Benchmark (docs/decisions/0061); measured by `scripts/bench detection-quality`.
"""

from array import array
from math import isfinite, sqrt
from typing import TYPE_CHECKING, NamedTuple, Self

from backend.detection.state.packing import Packed, StateInvalid, floats

if TYPE_CHECKING:
    _Numbers = array[float]
else:
    _Numbers = array

VERSION = 2
"""Of what `packed` writes."""

MEMORY = 1_000
"""Readings over which means and deviations are forgotten: three and a half days of five minutes, six weeks of hours."""
LEVEL_SHARE, LEVEL_S = 0.3, 1_800.0
"""What one reading counts for in the level: 0.3 where they come close together, half of it after half an hour."""
SLOW_SHARE = 0.05
RESTLESS_SHARE = 0.1
HOURS = 24
HOUR_MEMORY = 50
"""Readings over which an hour of the day is forgotten, once there are so many."""
HOUR_DOUBT = 0.5
"""Readings of an hour that count as much as what is known of all hours: more is worse for short histories."""
DAYS, DAY_MEMORY, DAY_DOUBT = 7, 5, 2
"""Of each day of the week: what it brings beyond its hours, over about so many; and how many count half."""
NEWCOMER = 12
"""Readings by which nothing is unusual; just after, a deviation counts half."""
RESTS = 8
LONGEST_REST, REST_SHARE = 300, 0.125
"""A rest is an eighth of the readings known, and 300 at most: a surge is found while it grows, not at each reading."""
RESTED = 0.3
"""What the score of a reading counts that is no more unusual than another within the rest."""
FARTHEST = 50.0
"""Deviations from what is expected beyond which a reading teaches no more: one in wrong units is forgotten again."""
BAND = 3.0
"""Deviations on either side of what is expected that the band covers."""

_LARGEST_GB = 1e15
_TRUSTED = 20
"""Readings before their deviation bounds what the next may teach."""
_LEAST_SHARE, _LEAST = 1e-6, 1e-12
"""A deviation below this share of the mean, and below this many GB, is rounding."""
_HOUR_S, _DAY_S = 3_600.0, 86_400.0
_LONGEST_STEP_S = 7_200.0
"""A reading stands for the time since the one before it, and for two hours at most."""

_KNOWN = 5
"""At the start: readings, day and second of the newest, mean, and mean square of what was not expected. Then the last
reading, and what is followed, each with its mean and its variance. Numbers have seven digits, which is enough of all of
them, and half the memory of sixteen."""
_FOLLOWED = slice(_KNOWN, _KNOWN + 13)
_LAST, _LEVEL, _LEVEL_MEAN = range(_KNOWN, _KNOWN + 3)
_VARIANCES = (4, 8, 11, 14, 17)
_WEEK_AT = _FOLLOWED.stop
"""24 hours, then seven days."""
_REST_PART, _REST_END, _MOST_UNUSUAL = range(_WEEK_AT + HOURS + DAYS, _WEEK_AT + HOURS + DAYS + 3)
_REST_AT = _MOST_UNUSUAL + 1
_COUNT_AT = _REST_AT + RESTS
"""Readings of each hour, `HOUR_MEMORY` at most; then past days of the week, `DAY_MEMORY` at most of each."""
_NUMBERS = _COUNT_AT + HOURS + DAYS
_PACKED = 1 + _NUMBERS


class UsageJudgement(NamedTuple):
    """What one reading is, by those before it. All is finite."""

    score: float
    """From 0 to 1: 1 - 1 / (1 + deviations²), by Cantelli's inequality at least the share of readings that deviate less
    to that side, whatever their distribution. Times 0.3 for one no more unusual than another shortly before."""
    deviations: float
    """How many deviations from usual, without regard to the readings shortly before."""
    expected: float
    """GB that this time of the week usually brings; the reading's own where nothing is known."""
    lower: float
    upper: float
    """GB: three deviations on either side of what is expected, never below zero."""
    readings: int
    """On how many before it that rests."""


class UsageAnomaly(_Numbers):
    """What is remembered of one customer's usage: 91 numbers, 444 bytes.

    A fold over the readings as they come, that takes the same time for each: a later one never changes what was said
    of an earlier one. One that comes late, or twice, counts as one more reading of its hour.
    """

    __slots__ = ()

    @classmethod
    def empty(cls) -> Self:
        """Of no readings yet."""
        return cls("f", (0.0,) * _NUMBERS)

    def judge(self, t: float, gb: float) -> UsageJudgement:
        """Judges a reading, and remembers it. `t` is in seconds since 1970; hours and days are those of UTC."""
        if not -_LARGEST_GB < gb < _LARGEST_GB:
            gb = -_LARGEST_GB if gb < 0.0 else _LARGEST_GB
        before, newest_day, newest_s, mean, spread = self[:_KNOWN]
        newest = newest_day * _DAY_S + newest_s
        if not before:
            newest = t
            mean = self[_LAST] = self[_LEVEL] = self[_LEVEL_MEAN] = gb
        hour, day, days = self._time_of_week(t, newest)
        of_hour, of_day = self._usual(hour, day, days, mean)
        expected = of_hour + of_day
        deviation = sqrt(spread)
        apart = gb - expected
        if before >= _TRUSTED and deviation:
            apart = max(-FARTHEST * deviation, min(FARTHEST * deviation, apart))
        taught = expected + apart

        count = before + 1.0
        learnt = max(1.0 / MEMORY, 1.0 / count)
        gap = max(0.0, t - newest)
        least = _LEAST_SHARE * abs(mean) + _LEAST
        largest = self._follow(taught, apart, max(LEVEL_SHARE, gap / (gap + LEVEL_S)), learnt, least)
        deviations = largest * count / (count + NEWCOMER) if before >= NEWCOMER else 0.0
        score = 1.0 - 1.0 / (1.0 + deviations * deviations)
        if not self._stands_out(count, deviations):
            score *= RESTED

        self._learn_week(hour, day, days, gap, taught - of_day, taught - of_hour)
        mean += learnt * (taught - mean)
        spread += learnt * (apart * apart - spread)
        newest_day, newest_s = divmod(max(newest, t), _DAY_S)
        self[:_KNOWN] = array("f", (count, newest_day, newest_s, mean, spread))
        lower, upper = expected - BAND * deviation, expected + BAND * deviation
        return UsageJudgement(score, deviations, max(0.0, expected), max(0.0, lower), max(0.0, upper), int(before))

    def _follow(self, taught: float, apart: float, share: float, learnt: float, least: float) -> float:
        """Learn the level, what is apart from the usual, the same slowly, and restlessness; the largest deviation."""
        last, a, a_mean, a_var, b, b_mean, b_var, c, c_mean, c_var, d, d_mean, d_var = self[_FOLLOWED]
        a += share * (taught - a)
        b += share * (apart - b)
        c += SLOW_SHARE * (apart - c)
        d += RESTLESS_SHARE * (abs(taught - last) - d)
        to_a, to_b, to_c, to_d = a - a_mean, b - b_mean, c - c_mean, d - d_mean
        kept = 1.0 - learnt
        self[_FOLLOWED] = array(
            "f",
            (
                taught,
                *(a, a_mean + learnt * to_a, kept * (a_var + learnt * to_a * to_a)),
                *(b, b_mean + learnt * to_b, kept * (b_var + learnt * to_b * to_b)),
                *(c, c_mean + learnt * to_c, kept * (c_var + learnt * to_c * to_c)),
                *(d, d_mean + learnt * to_d, kept * (d_var + learnt * to_d * to_d)),
            ),
        )
        return max(
            _far(to_a, a_var, least), _far(to_b, b_var, least), _far(to_c, c_var, least), _far(to_d, d_var, least)
        )

    def _time_of_week(self, t: float, newest: float) -> tuple[int, int, float]:
        """Where the hour and the day are remembered, and how many of the day were seen, today's part included."""
        if t // _DAY_S > newest // _DAY_S:
            ended = _COUNT_AT + HOURS + int(newest // _DAY_S) % DAYS
            self[ended] = min(self[ended] + 1.0, DAY_MEMORY)
        day = HOURS + int(t // _DAY_S) % DAYS
        return int(t // _HOUR_S) % HOURS, day, self[_COUNT_AT + day] + t % _DAY_S / _DAY_S

    def _usual(self, hour: int, day: int, days: float, mean: float) -> tuple[float, float]:
        """What the hour brings, and what the day of the week adds to it."""
        known = self[_COUNT_AT + hour]
        of_hour = (self[_WEEK_AT + hour] * known + mean * HOUR_DOUBT) / (known + HOUR_DOUBT)
        return of_hour, self[_WEEK_AT + day] * days / (days + DAY_DOUBT)

    def _learn_week(self, hour: int, day: int, days: float, gap: float, in_hour: float, in_day: float) -> None:
        """Learn what the hour brought, and what the day brought beyond its hours."""
        self[_COUNT_AT + hour] = known = min(self[_COUNT_AT + hour] + 1.0, HOUR_MEMORY)
        self[_WEEK_AT + hour] += (in_hour - self[_WEEK_AT + hour]) / known
        step = min(gap, _LONGEST_STEP_S) / _DAY_S
        if step:
            self[_WEEK_AT + day] += (in_day - self[_WEEK_AT + day]) * step / max(days, step)

    def _stands_out(self, count: float, deviations: float) -> bool:
        """Whether it is more unusual than all of the last rest, of which eight parts are remembered."""
        part = int(self[_REST_PART])
        if count >= self[_REST_END]:
            part = (part + 1) % RESTS
            self[_REST_PART] = part
            self[_REST_END] = count + max(1.0, min(LONGEST_REST, count * REST_SHARE) // RESTS)
            self[_REST_AT + part] = 0.0
            self[_MOST_UNUSUAL] = max(self[_REST_AT:_COUNT_AT])
        if deviations > self[_REST_AT + part]:
            self[_REST_AT + part] = deviations
        if deviations <= self[_MOST_UNUSUAL]:
            return False
        self[_MOST_UNUSUAL] = deviations
        return True

    def packed(self) -> Packed:
        """As plain JSON: the version, then the numbers."""
        return [VERSION, *self]

    @classmethod
    def unpacked(cls, value: Packed) -> Self:
        """From `packed`. Raises StateInvalid for what another version wrote, and for what `packed` did not write."""
        packed = floats(value, multiple_of=_PACKED, at_most=_PACKED)
        if not packed or packed[0] != VERSION:
            raise StateInvalid("it is no usage state of this release")
        try:
            state = cls("f", packed[1:])
        except OverflowError as error:
            raise StateInvalid("a usage state has numbers out of their range") from error
        counts = state[_COUNT_AT:]
        if (
            not all(map(isfinite, state))
            or min(state[at] for at in _VARIANCES) < 0.0
            or not 0.0 <= state[_REST_PART] < RESTS
            or not 0.0 <= min(counts) <= max(counts[:HOURS]) <= HOUR_MEMORY
            or max(counts[HOURS:]) > DAY_MEMORY
        ):
            raise StateInvalid("a usage state has numbers out of their range")
        return state


def _far(apart: float, variance: float, least: float) -> float:
    """How many deviations; none where all that varies is rounding."""
    deviation = sqrt(variance)
    return abs(apart) / deviation if deviation > least else 0.0
