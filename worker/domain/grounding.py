"""Do the figures in a statement occur in what it cites? Strict rather than clever.

A statement may repeat what its evidence says, in another form, and may count entries. It may not calculate: a sum, a
difference, a ratio or a distance occurs nowhere, so that it is told apart from an invention by nobody.

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
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation

from pydantic import JsonValue

from contracts.money import minor_digits
from worker.domain.figures import NO_FIGURES, Day, Number, Time, read_figures

_MAJOR = frozenset({"amount"})
"""Fields with an amount in major units."""


@dataclass(frozen=True)
class Source:
    """What one piece of evidence says, ready to be held against statements."""

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
    return Source(
        frozenset(numbers),
        frozenset(percents),
        frozenset(days),
        frozenset(times),
        "\n".join(said.texts).lower(),
        said.entries,
        frozenset({Decimal(asked)} if isinstance(asked, int) else ()),
    )


def all_of(sources: Iterable[Source]) -> Source:
    """Everything that several pieces of evidence say."""
    parts = tuple(sources)
    return Source(
        frozenset(each for part in parts for each in part.numbers),
        frozenset(each for part in parts for each in part.percents),
        frozenset(each for part in parts for each in part.days),
        frozenset(each for part in parts for each in part.times),
        "\n".join(part.text for part in parts),
        max((part.entries for part in parts), default=0),
        frozenset(each for part in parts for each in part.period),
    )


def ungrounded(statement: str, source: Source, cited: int) -> str | None:
    """The first figure in `statement` that does not occur in `source`, as it is written; None when all do.

    `cited`: how many ids the statement names.
    """
    figures = read_figures(statement)
    for identifier in figures.identifiers:
        if not _names(source.text, identifier):
            return identifier
    for day, written in figures.days:
        if not any(_same_day(day, known) for known in source.days):
            return written
    for time, written in figures.times:
        if not any(_same_time(time, known) for known in source.times):
            return written
    most = max(source.entries, cited)
    return next((number.written for number in figures.numbers if not _occurs(number, source, most)), None)


def _occurs(number: Number, source: Source, most: int) -> bool:
    value = number.value
    if number.decimals == 0:
        if number.unit in (None, "days") and value <= most:
            return True
        if number.unit == "days" and value in source.period:
            return True
        if number.unit is None and value in {Decimal(year) for year, _, _ in source.days if year is not None}:
            return True
    if any(_rounds_to(known, value, number.decimals) for known in source.numbers):
        return True
    if number.unit == "percent":
        shares = (known * 100 for known in source.numbers if known <= 1)
        return any(_rounds_to(known, value, number.decimals) for known in (*source.percents, *shares))
    return number.unit is None and any(
        _rounds_to(known / 100, value, number.decimals) for known in source.percents if number.decimals
    )


def _rounds_to(known: Decimal, value: Decimal, decimals: int) -> bool:
    if known == value:
        return True
    step = Decimal(1).scaleb(-decimals)
    if abs(known - value) > step:
        return False
    # A half goes either way: programs round it to even, people up, and binary fractions wherever they lie.
    return value in (known.quantize(step, ROUND_HALF_UP), known.quantize(step, ROUND_HALF_DOWN))


def _same_day(stated: Day, known: Day) -> bool:
    return stated[1:] == known[1:] and (stated[0] is None or stated[0] == known[0])


def _same_time(stated: Time, known: Time) -> bool:
    return stated[:2] == known[:2] and (stated[2] is None or stated[2] == known[2])


def _names(text: str, identifier: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(identifier)}(?![\w-])", text) is not None


@dataclass
class _Said:
    """What a JSON value holds, each once: rows of a record name the same fields over and over."""

    numbers: set[Decimal] = field(default_factory=set[Decimal])
    """Every number, and an amount in its other unit, too."""
    texts: dict[str, None] = field(default_factory=dict[str, None])
    """Every text and name of a field, in order."""
    entries: int = 0
    """Of the longest list."""

    def read(self, value: JsonValue, siblings: Mapping[str, JsonValue] = {}, key: str = "") -> None:
        if isinstance(value, dict):
            for name, part in value.items():
                self.texts[name.replace("_", " ")] = None
                self.read(part, value, name)
        elif isinstance(value, list):
            self.entries = max(self.entries, len(value))
            for part in value:
                self.read(part, siblings, key)
        elif value is not None and not isinstance(value, bool):
            if isinstance(value, str):
                self.texts[value] = None
            self._count(value, siblings, key)

    def _count(self, value: str | float, siblings: Mapping[str, JsonValue], key: str) -> None:
        number = _number(value, key)
        if number is None:
            return
        self.numbers.add(number)
        if key.endswith("_minor"):
            self.numbers.add(number.scaleb(-_minor_digits(siblings)))
        elif key in _MAJOR:
            self.numbers.add(number.scaleb(_minor_digits(siblings)))


def _number(value: str | float, key: str) -> Decimal | None:
    """A JSON number; or an amount, which contracts write as text."""
    if isinstance(value, str) and key not in _MAJOR:
        return None
    try:
        number = abs(Decimal(str(value)))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _minor_digits(siblings: Mapping[str, JsonValue]) -> int:
    # What a store says is data: a currency may be anything.
    return minor_digits(str(siblings.get("currency")))
