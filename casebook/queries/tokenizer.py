"""Splits text into search words, the same for every database. Pure."""

import unicodedata
from collections.abc import Iterable

from contracts.alert import Alert

MAX_WORD = 64
"""Characters of a word that count; the rest of a longer one is left out."""

MAX_WORDS = 20_000
"""Different words of one case that can be searched for."""

_FEW = 6


def words_of(*texts: str) -> list[str]:
    """The different words of `texts`, in order of appearance: folded case, no accents, letters and digits only."""
    found: dict[str, None] = {}
    for text in texts:
        for word in _folded(text).split():
            found.setdefault(word[:MAX_WORD])
            if len(found) >= MAX_WORDS:
                return list(found)
    return list(found)


def words_of_alert(alert: Alert) -> list[str]:
    """What a case is found by before anybody wrote a note."""
    return words_of(alert.description, alert.alert_id, str(alert.customer_id))


def may_be_spelt_out(words: Iterable[str]) -> bool:
    """Whether one of them is so short a number, or part of an address, that all there are can be tried."""
    return any(len(word) < _FEW and any(map(str.isdigit, word)) for word in words)


def join_words(words: Iterable[str]) -> str:
    """The words as one text that any database splits at the spaces."""
    return " ".join(words)


def _folded(text: str) -> str:
    # Each character alone: to put a run of combining marks in order takes time that grows with its square.
    decomposed = "".join(unicodedata.normalize("NFKD", character) for character in text.casefold())
    return "".join(_kept(character) for character in decomposed.casefold())


def _kept(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Mn":
        return ""
    return character if category[0] in "LNM" else " "
