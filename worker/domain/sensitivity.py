"""Whether a message is sensitive by its words: then a person looks at its reply. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

DEFAULT_KEYWORDS = ("urgent", "help", "emergency")


class Keywords:
    """Words of a message after which a person is asked: whole words, whatever their case and their encoding."""

    def __init__(self, keywords: Iterable[str] = DEFAULT_KEYWORDS) -> None:
        self._keywords = {_folded(each): each for each in keywords if _folded(each)}
        longest_first = sorted(self._keywords, key=len, reverse=True)
        either = "|".join(map(re.escape, longest_first))
        self._pattern = re.compile(rf"(?<![^\W_])(?:{either})(?![^\W_])") if either else None

    def found_in(self, message: str) -> Sequence[str]:
        """Those that the message says, each once, in its order."""
        if self._pattern is None:
            return ()
        found = (self._keywords[each.group()] for each in self._pattern.finditer(_folded(message)))
        return tuple(dict.fromkeys(found))


def _folded(text: str) -> str:
    """Without case, full width and what cannot be seen: a word is the same word in any of them."""
    plain = unicodedata.normalize("NFKC", text)
    seen = "".join(each for each in plain if unicodedata.category(each) != "Cf")
    # Folding may bring back what normalising had joined.
    return unicodedata.normalize("NFKC", seen.casefold()).strip()
