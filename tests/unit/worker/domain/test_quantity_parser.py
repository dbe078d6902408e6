"""What reading figures costs: so many passes over a text, whatever a stranger wrote into it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from pydantic import JsonValue

from worker.domain.grounding import MAX_NODES, MAX_READ, source_of, ungrounded
from worker.domain.quantity_parser import FORMS, MAX_DIGITS, MAX_TEXT, Figures, Pattern, read_figures, read_with

HOSTILE = {
    "numbers": "1 ",
    "identifiers": "a1 ",
    "quantities": "1_000_",
    "thousands": "1,111,",
    "dots": "1.111.",
    "days": "3 May ",
    "moments": "2026-05-04T11:58:09.1 ",
    "hours": "2 pm ",
    "words": "two ",
    "digits": "1",
    "combining marks": "\u0300\u0316",
    "ligatures": "\ufdfa",
    "currencies": "EUR",
    "hyphens": "1-",
}


@dataclass
class Counter:
    """How many characters were gone through or copied."""

    characters: int = 0

    def watch(self, pattern: Pattern) -> Pattern:
        return _Watched(pattern, self)


@dataclass
class _Watched:
    pattern: Pattern
    counter: Counter

    def sub(self, repl: Callable[[re.Match[str]], str], string: str) -> str:
        self.counter.characters += len(string)
        return self.pattern.sub(repl, string)


def cost(text: str) -> int:
    counter = Counter()
    read_with(tuple(replace(form, pattern=counter.watch(form.pattern)) for form in FORMS), text)
    return counter.characters


@pytest.mark.parametrize("kind", HOSTILE)
def test_reading_takes_one_pass_for_each_form(kind: str) -> None:
    text = "7 " + HOSTILE[kind] * (20_000 // len(HOSTILE[kind]))

    assert cost(text) <= len(FORMS) * min(18 * len(text), MAX_TEXT), "a character becomes at most 18 plain ones"
    assert cost(text + text) <= 2 * cost(text) + len(FORMS)


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_longer_text_costs_no_more_than_the_longest(kind: str) -> None:
    assert cost(HOSTILE[kind] * (2 * MAX_TEXT // len(HOSTILE[kind]))) <= len(FORMS) * MAX_TEXT


def test_every_number_of_a_long_text_is_read() -> None:
    text = " ".join(str(number) for number in range(1, 20_001))

    assert [int(number.value) for number in read_figures(text).numbers] == list(range(1, 20_001))


def test_word_at_the_end_of_the_window_is_omitted() -> None:
    read = read_figures("5 " + "x" * (MAX_TEXT - 4) + " 123456")

    assert [number.written for number in read.numbers] == ["5"]


def test_text_that_is_one_endless_word_says_nothing() -> None:
    assert read_figures("1" * (MAX_TEXT + 1)) == Figures()


def test_number_of_many_digits_is_repeated_word_for_word() -> None:
    long = "9" * (MAX_DIGITS + 1)
    source = source_of({"note": f"Account {long} was named."})

    assert read_figures(long).identifiers == (long,)
    assert ungrounded(f"It names {long}.", [source], cited=1) is None
    assert ungrounded(f"It names {long[:-1]}8.", [source], cited=1) == f"{long[:-1]}8"


@pytest.mark.parametrize("amount", ["1e999999", "-1e999999", "1e-999999", "1e99999999999999", "9" * 500, "nan", "inf"])
def test_an_amount_beyond_all_measure_supports_nothing(amount: str) -> None:
    source = source_of({"amount": amount, "currency": "EUR", "beside": 12})

    assert ungrounded("12 GB", [source], cited=1) is None
    assert ungrounded("13 GB, 0.00 GB", [source], cited=1) == "13 GB"


@pytest.mark.parametrize("number", [10**30, 10**39 + 1, 10**400, 1e300, 5e-324, -(10**60)])
def test_numbers_of_any_size_can_be_compared(number: float) -> None:
    source = source_of({"value": number, "amount_minor": number, "currency": "BHD", "days": [number]})

    assert ungrounded(f"It was {10**30 + 1} and {10**39}.0 GB.", [source], cited=1) is not None


@pytest.mark.parametrize("days", [10**4000, -1, True, "90", 1.5])
def test_strange_period_that_was_asked_for_is_no_fault(days: JsonValue) -> None:
    assert ungrounded("Of the last 90 days.", [source_of({}, {"days": days})], cited=1) == "90 days"


def test_a_record_as_deep_as_you_like_is_read() -> None:
    record: JsonValue = {"gb": 12.5}
    for _ in range(20_000):
        record = [record]

    assert ungrounded("12.5 GB", [source_of(record)], cited=1) is None


def test_what_exceeds_the_bounds_of_records_supports_nothing() -> None:
    many: JsonValue = [*[0] * MAX_NODES, 12.5]
    much: JsonValue = {"first": "x " * (MAX_READ // 2), "then": "12.5 GB", "number": 7.5}

    assert ungrounded("12.5 GB", [source_of(many)], cited=1) == "12.5 GB"
    assert ungrounded("12.5 GB", [source_of(much)], cited=1) == "12.5 GB"
    assert ungrounded("7.5 GB", [source_of(much)], cited=1) is None, "a number is no text"


def test_statement_of_many_figures_is_searched_in_many_records() -> None:
    """Each figure is found without going through all that is known: 1,000 times 60,000 would not end."""
    known = source_of({"values": [*range(60_000)], "note": " ".join(f"id-{number}" for number in range(20_000))})
    statement = " ".join(f"{number}.0 GB id-{number}" for number in range(1_000))

    assert ungrounded(statement, [known], cited=1) is None
    assert ungrounded(statement + " id-x1", [known], cited=1) == "id-x1"
