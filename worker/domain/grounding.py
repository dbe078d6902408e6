"""Whether the figures in a statement occur in what it cites. Strict rather than clever.

A statement may repeat what its evidence says, in another form, and may count entries. It may not calculate: a sum, a
difference, a ratio or a distance occurs in no record, so it cannot be distinguished from an invented figure.

| A statement says | It occurs when the cited evidence holds |
|---|---|
| a number | that number, or one that rounds to it at the decimals shown |
| 12.99 · 1299 | an amount in minor units of 1299 · an amount in major units of 12.99 |
| 40 % · 0.4 | a share of 0.4 or the number 40 · a share of 0.4 or 40 % |
| 2026-05-04 · 4 May · 11:58 · 2026 | a date or time with these parts |
| a whole number without a unit, `two` to `hundred` | a list with at least as many entries; or so many ids are cited |
| 30 days | as a whole number; or the `days` that the tool was asked for |
| chg-1042, 203.0.113.7 | the same identifier, whole, upper or lower case |

`one`, ordinals, and names such as 5G state no number. The customer's id, the numbers of rounds and what a reviewer
wrote as feedback may be repeated by any statement. Events of the alert bring the alert's description and baseline
along.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal, DecimalException
from functools import cached_property

from pydantic import JsonValue

from contracts.money import minor_digits
from worker.domain.quantity_parser import MAX_DIGITS, NO_FIGURES, Day, Number, Time, read_figures, whole_words

MAX_READ = 256_000
"""Characters of one piece of evidence that are read, names of fields included. What lies beyond them supports
nothing: the finding that needs it goes to a person."""
MAX_NODES = 100_000
"""Values of one piece of evidence that are read."""

_MAJOR = frozenset({"amount"})
"""Fields with an amount in major units."""


@dataclass(frozen=True)
class Source:
    """The figures of one piece of evidence, indexed: those of a statement are looked up, not searched."""

    numbers: frozenset[Decimal] = frozenset()
    percents: frozenset[Decimal] = frozenset()
    days: frozenset[Day] = frozenset()
    times: frozenset[Time] = frozenset()
    text: str = ""
    """Lower case: where identifiers are looked for."""
    entries: int = 0
    """Of the longest list."""
    period: frozenset[Decimal] = frozenset()
    """The `days` that a tool was asked for."""

    def names(self, identifier: str) -> bool:
        """Whether the text holds the identifier whole."""
        words = _WORD.findall(identifier)
        if not self._words.issuperset(words):
            return False
        return words == [identifier] or _stands_in(self.text, identifier)

    def has_day(self, day: Day) -> bool:
        """Whether the day is named; where `day` has no year, in any year."""
        return day in self.days if day[0] is not None else day[1:] in self._days_of_a_year

    def has_time(self, time: Time) -> bool:
        """Whether the time is named; where `time` has no second, at any second of its minute."""
        return time in self.times if time[2] is not None else time[:2] in self._minutes

    def has_year(self, value: Decimal) -> bool:
        """Whether a day of that year is named."""
        return value in self._years

    def has_number(self, number: Number) -> bool:
        """Whether a number rounds to it."""
        return _rounds_to(self._ascending, number)

    def has_percentage(self, number: Number) -> bool:
        """Whether a percentage, or a share, rounds to it as a percentage."""
        return _rounds_to(self._percentages, number)

    def has_share(self, number: Number) -> bool:
        """Whether a percentage rounds to it as a share."""
        return _rounds_to(self._shares, number)

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(_WORD.findall(self.text))

    @cached_property
    def _days_of_a_year(self) -> frozenset[tuple[int, int]]:
        return frozenset((month, day) for _, month, day in self.days)

    @cached_property
    def _minutes(self) -> frozenset[tuple[int, int]]:
        return frozenset((hour, minute) for hour, minute, _ in self.times)

    @cached_property
    def _years(self) -> frozenset[Decimal]:
        return frozenset(Decimal(year) for year, _, _ in self.days if year is not None)

    @cached_property
    def _ascending(self) -> tuple[Decimal, ...]:
        return tuple(sorted(self.numbers))

    @cached_property
    def _percentages(self) -> tuple[Decimal, ...]:
        return tuple(sorted((*self.percents, *(known.scaleb(2, _EXACT) for known in self.numbers if known <= 1))))

    @cached_property
    def _shares(self) -> tuple[Decimal, ...]:
        return tuple(sorted(known.scaleb(-2, _EXACT) for known in self.percents))


def source_of(value: JsonValue, arguments: Mapping[str, JsonValue] | None = None) -> Source:
    """What `value` says; `arguments` are those of the tool call that brought it."""
    said = _Said()
    said.read(value)
    numbers, percents, days, times = said.numbers, set[Decimal](), set[Day](), set[Time]()
    for text in said.texts:
        figures = read_figures(text)
        if figures is NO_FIGURES:
            continue
        for found in figures.numbers:
            (percents if found.unit == "percent" else numbers).add(found.value)
        days.update(day for day, _ in figures.days)
        times.update(time for time, _ in figures.times)
    asked = (arguments or {}).get("days")
    period = _number(asked, "days") if isinstance(asked, int) else None
    return Source(
        frozenset(numbers),
        frozenset(percents),
        frozenset(days),
        frozenset(times),
        "\n".join(said.texts).lower(),
        said.entries,
        frozenset() if period is None else frozenset({period}),
    )


def ungrounded(statement: str, sources: Iterable[Source], cited: int) -> str | None:
    """The first figure in `statement` that occurs in none of `sources`, as it is written; None when all do.

    `cited`: how many ids the statement names.
    """
    known, figures = tuple(sources), read_figures(statement)
    for identifier in figures.identifiers:
        if not any(source.names(identifier) for source in known):
            return identifier
    for day, written in figures.days:
        if not any(source.has_day(day) for source in known):
            return written
    for time, written in figures.times:
        if not any(source.has_time(time) for source in known):
            return written
    most = max((cited, *(source.entries for source in known)))
    return next((number.written for number in figures.numbers if not _occurs(number, known, most)), None)


def _occurs(number: Number, sources: Sequence[Source], most: int) -> bool:
    whole = number.decimals == 0
    if whole and number.unit in (None, "days") and number.value <= most:
        return True
    return any(_occurs_in(source, number, whole) for source in sources)


def _occurs_in(source: Source, number: Number, whole: bool) -> bool:
    if whole and number.unit == "days" and number.value in source.period:
        return True
    if whole and number.unit is None and source.has_year(number.value):
        return True
    if source.has_number(number):
        return True
    if number.unit == "percent":
        return source.has_percentage(number)
    return number.unit is None and not whole and source.has_share(number)


_EXACT = Context(prec=4 * MAX_DIGITS)
"""No number that is read has digits enough to be rounded in it."""


def _rounds_to(ascending: Sequence[Decimal], number: Number) -> bool:
    """Whether one of the numbers rounds to `number` at the decimals that it shows.

    A half goes either way: programs round it to even, people up, and binary fractions wherever they lie.
    """
    half = Decimal(5).scaleb(-number.decimals - 1)
    at = bisect_left(ascending, _EXACT.subtract(number.value, half))
    return at < len(ascending) and ascending[at] <= _EXACT.add(number.value, half)


_WORD = re.compile(r"[\w-]+")


def _stands_in(text: str, identifier: str) -> bool:
    """Whether the identifier occurs with nothing before or after it that could belong to it."""
    at = text.find(identifier)
    while at >= 0:
        end = at + len(identifier)
        if not _WORD.match(text[at - 1 : at]) and not _WORD.match(text[end : end + 1]):
            return True
        at = text.find(identifier, end)
    return False


@dataclass
class _Said:
    """What a JSON value holds, each once: rows of a record name the same fields over and over."""

    numbers: set[Decimal] = field(default_factory=set[Decimal])
    """Every number, and an amount in its other unit, too."""
    texts: dict[str, None] = field(default_factory=dict[str, None])
    """Every text and name of a field, in order."""
    entries: int = 0
    """Of the longest list."""
    _characters: int = MAX_READ
    """That may still be read."""

    def read(self, value: JsonValue) -> None:
        """Read up to MAX_NODES values, in order. A list of lists as deep as you like is no reason to fail."""
        ahead: list[tuple[JsonValue, Mapping[str, JsonValue], str]] = [(value, {}, "")]
        for _ in range(MAX_NODES):
            if not ahead:
                break
            part, siblings, key = ahead.pop()
            if isinstance(part, dict):
                ahead.extend((below, part, name) for name, below in reversed(part.items()))
            elif isinstance(part, list):
                self.entries = max(self.entries, len(part))
                ahead.extend((below, siblings, key) for below in reversed(part))
            self._note(part, siblings, key)

    def _note(self, value: JsonValue, siblings: Mapping[str, JsonValue], key: str) -> None:
        self._keep(key.replace("_", " "))
        if isinstance(value, str):
            self._keep(value)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            self._count(value, siblings, key)

    def _keep(self, text: str) -> None:
        if text and text not in self.texts and self._characters > 0:
            self.texts[whole_words(text, self._characters)] = None
            self._characters -= len(text)

    def _count(self, value: str | float, siblings: Mapping[str, JsonValue], key: str) -> None:
        number = _number(value, key)
        if number is None:
            return
        self.numbers.add(number)
        if key.endswith("_minor"):
            self.numbers.add(number.scaleb(-_minor_digits(siblings), _EXACT))
        elif key in _MAJOR:
            self.numbers.add(number.scaleb(_minor_digits(siblings), _EXACT))


def _number(value: str | float, key: str) -> Decimal | None:
    """A JSON number; or an amount, which contracts write as text. None for what no statement could repeat."""
    if isinstance(value, str) and (key not in _MAJOR or len(value) > 2 * MAX_DIGITS):
        return None
    if isinstance(value, int) and value.bit_length() > 4 * MAX_DIGITS:
        return None
    try:
        number = Decimal(str(value)).copy_abs()
    except DecimalException:
        return None
    if not number.is_finite() or len(number.as_tuple().digits) > MAX_DIGITS or abs(number.adjusted()) > MAX_DIGITS:
        return None
    return number


def _minor_digits(siblings: Mapping[str, JsonValue]) -> int:
    # What a store says is data: a currency may be anything.
    return minor_digits(str(siblings.get("currency")))
