"""What is not seen says nothing, and what is cut says so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.words import cut, says_something

NOTHING = [
    "",
    " \t\n",
    "\u200b\u200c\u200d",
    "\ufeff",
    "\u2060\u00ad",
    "\u202e",
    "\u3164",
    "\u2800 \u115f",
    "\u034f",
    "\0",
]


@pytest.mark.parametrize("text", [*NOTHING, None, "\u200b".join(NOTHING)])
def test_a_text_without_anything_to_see_says_nothing(text: str | None) -> None:
    assert not says_something(text)


@pytest.mark.parametrize("text", ["a", "7", "?", "€", "許", "\u200bno\u200b", "é", "👍"])
def test_a_text_with_one_visible_character_says_something(text: str) -> None:
    assert says_something(text)


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("Nothing to cut.", 15, "Nothing to cut."),
        ("", 0, ""),
        ("Four words and more", 15, "Four words …"),
        ("Four words and more", 13, "Four words …"),
        ("Four words and more", 16, "Four words and …"),
        ("It cost 12 million dollars", 15, "It cost …"),
        ("It cost 1 000 000 dollars", 17, "It cost …"),
        ("It cost 12,000.50 dollars", 20, "It cost …"),
        ("It cost 12,000.50 dollars", 14, "It cost …"),
        ("It cost USD 5k and more", 18, "It cost USD …"),
        ("It cites ev-0236-001 and more", 24, "It cites …"),
        ("\u0661\u0662 was seen and more", 10, "\u0661\u0662 was …"),
        ("1234567890123456789", 10, "…"),
        ("x1234567890123456789", 10, "x …"),
        ("abcdefghijklm", 10, "abcdefgh …"),
        ("12 34 56 78 90 12", 10, "…"),
        ("word\nword word", 10, "word …"),
        ("anything", 2, "…"),
        ("anything", 1, "…"),
    ],
)
def test_cut_text_says_so_and_keeps_no_half_figure(text: str, most: int, expected: str) -> None:
    assert cut(text, most) == expected


@given(st.text("ab 1.,\n", max_size=60), st.integers(2, 40))
def test_no_cut_text_is_overlong_or_ends_in_figures(text: str, most: int) -> None:
    short = cut(text, most)
    assert len(short) <= most
    assert short == text or (short.endswith("…") and not short.removesuffix("…").rstrip()[-1:].isdigit())
    assert cut(short, most) == short
