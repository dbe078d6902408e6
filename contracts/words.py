"""Whether a text says anything to who reads it."""

import unicodedata

_VISIBLE = frozenset("LNPS")
"""The first letters of Unicode's categories of letters, numbers, punctuation and symbols."""
_BLANK_ALL_THE_SAME = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Fillers and the empty Braille pattern: letters and a symbol by their category, and nothing to see."""


def says_something(text: str | None) -> bool:
    """Whether there is anything to see in it: not only blanks, controls, and characters without a width."""
    return text is not None and any(
        unicodedata.category(each)[0] in _VISIBLE and each not in _BLANK_ALL_THE_SAME for each in text
    )
