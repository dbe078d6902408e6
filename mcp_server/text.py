"""Normalises text for search."""

import unicodedata

_UNDIVIDED = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe"})
"""Letters that Unicode does not divide into a plain letter and an accent."""


def folded(text: str) -> str:
    """`text` without case and accents: "Jörg" and "JORG" fold to the same."""
    # Each character alone: to put a run of combining marks in order takes time that grows with its square.
    decomposed = "".join(unicodedata.normalize("NFKD", character) for character in text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).translate(_UNDIVIDED)
