"""Whether a text says anything to its reader, and truncation that does not change its meaning."""

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


CUT = " …"
"""Ends a text that was cut."""
_OF_FIGURES = "0123456789.,:;'/%+-\u2019\u2212\u2013"


def cut(text: str, most: int) -> str:
    """The text in at most this many characters; a truncated one says so, after a whole word without a figure.

    Half a number is another number, and so is one without what follows it (12 million).
    """
    if len(text) <= most:
        return text
    room = text[: max(0, most - len(CUT))]
    is_between_words = text[len(room)].isspace() or room[-1:].isspace()
    kept = room.strip() if is_between_words else _but_last(room.strip())
    while any(sign.isdigit() for sign in kept[len(_but_last(kept)) :]):
        kept = _but_last(kept)
    if len(room.split()) == 1 and not kept:
        # A text without blanks is cut within, and there before a figure, too.
        kept = room.strip().rstrip(_OF_FIGURES)
    return f"{kept}{CUT}".strip()


def _but_last(words: str) -> str:
    parts = words.rsplit(maxsplit=1)
    return parts[0] if len(parts) > 1 else ""
