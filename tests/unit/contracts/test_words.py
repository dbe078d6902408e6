"""What is not seen says nothing."""

import pytest

from contracts.words import says_something

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
