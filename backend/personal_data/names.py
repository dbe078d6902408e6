"""Finds known people in a text, in whatever form their names and e-mail addresses are written there."""

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

from runtime.masked_numbers import CUT
from runtime.masks import mask_email, mask_name, mask_word

UNBORDERED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
"""Letters of scripts that write words without borders, or join others to them."""
_WORD = re.compile(rf"[^\W_{UNBORDERED}]+")
_OF_UNBORDERED = re.compile(rf"[{UNBORDERED}]+")
_HONORIFIC = r"(?=\s?(?:様|さま|さん|氏|殿|君|くん|先生|女士|小姐|太太|씨|님))"
_APOSTROPHE = re.compile(r"(?<=\w)['\u2019](?=\w)")
_MARKED = re.compile(r"[^\W\u0300-\u036f][\u0300-\u036f]{1,4}+(?![\u0300-\u036f])")
_BETWEEN = re.compile(r"[\s.,_\-\u2010\u2011]{1,3}")
"""What may stand between two words of one name."""
_TITLES = (
    *("mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "madam", "dear", "hi", "hello"),
    *("herr", "herrn", "frau", "mme", "mlle", "señor", "señora"),
)
_TITLE = re.compile(rf"(?<![^\W_])(?:{'|'.join(_TITLES)})\.?\s{{1,3}}$", re.IGNORECASE)
_PARTICLES = ("bin", "del", "den", "der", "dos", "ter", "the", "van", "von", "vom", "zum", "zur")
_SHORTEST_ALONE = 3
"""Letters of a word of a name that counts without a title or another one beside it."""
_SHORTEST_ACCOUNT = 4
_BEFORE_DOMAIN = re.compile(rf"[\w{CUT}]@")
_MONTHS = ("january", "april", "may", "june", "august", "avril", "mai", "juin", "juni", "abril", "julio")
_AFTER_DAY = re.compile(r"(?<![0-9])[0-3]?[0-9](?:st|nd|rd|th|\.)?(?: of)?[\s-]$")
_BEFORE_DAY = re.compile(r"\.?[\s-](?:[0-3]?[0-9]|(?:19|20)[0-9]{2})(?![0-9])")
_IN_ID = re.compile(r"(?<![\w-])(?:alert|case|review|task|turn)-[\w-]*$")
_LONGEST_ID = 80
_LOOKED_BACK = 12
_MOST_WORDS = 12
_BEFORE_CUT = re.compile(rf"(?<![\w@.+-])([\w.+-]{{2,64}}+){CUT}")

_SPELT = str.maketrans({"æ": "a", "ø": "o", "œ": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th"})
_DIGRAPH = re.compile("([aou])e|aa")


@dataclass(frozen=True)
class Person:
    """A customer as a case knows them."""

    name: str
    email: str


@lru_cache(16_384)
def folded(word: str) -> str:
    """What is left of a word however it is spelt: `Müller`, `Mueller` and `Muller` are one."""
    bare = word.casefold().translate(_SPELT)
    if not bare.isascii():
        decomposed = unicodedata.normalize("NFKD", bare).casefold().translate(_SPELT)
        bare = "".join(each for each in decomposed if not unicodedata.combining(each))
    return _DIGRAPH.sub(lambda found: found[1] or "a", bare)


@dataclass(frozen=True)
class _Known:
    """A person as texts name them, folded."""

    words: tuple[str, ...]
    alone: frozenset[str]
    """What names the person without anything else, if it has a capital."""
    joined: str | None
    """All words at a stretch."""
    unbordered: str
    """The name in a script without borders, as a pattern."""
    email: str
    """The e-mail address, as a pattern; alone its first part, where that is no word of a language."""
    account: str | None
    """The first part of the address, in small letters, if it stands alone for a person."""


class KnownNames:
    """The people who may be meant in a text."""

    def __init__(self, people: Collection[Person]) -> None:
        self._by_word: dict[str, list[_Known]] = {}
        self._by_email: dict[str, list[_Known]] = {}
        known = [_known(person) for person in people]
        for each, person in zip(known, people, strict=True):
            for word in {*each.words, each.joined or ""} - {""}:
                self._by_word.setdefault(word, []).append(each)
            for word in _WORD.findall(person.email.partition("@")[0])[:1]:
                self._by_email.setdefault(folded(word), []).append(each)
        self._known = known
        self._unbordered = frozenset(each.unbordered for each in known if each.unbordered)

    def masked(self, text: str) -> str:
        """The text with each of them masked."""
        if not text.isascii():
            text = _composed(text)
        if self._unbordered and not text.isascii():
            text = _any_of(self._unbordered).sub(lambda found: mask_name(found[0]), text)
        words = set(_WORD.findall(text))
        emails = frozenset(each.email for word in words for each in self._by_email.get(folded(word), ()))
        if emails:
            text = _any_of(emails).sub(lambda found: _mask_account(found[0]), text)
        written = frozenset(word for word in words if self._key(word) is not None)
        if written:
            text = "".join(self._with_runs_masked(text, written))
        return _BEFORE_CUT.sub(self._mask_end, text) if CUT in text else text

    def _key(self, word: str) -> str | None:
        """What the word is known by; `Kellers` is what belongs to Keller."""
        key = folded(word)
        if key in self._by_word:
            return key
        owner = key[:-1] if key.endswith("s") and not word[0].islower() else ""
        return owner if owner in self._by_word else None

    def _with_runs_masked(self, text: str, written: Collection[str]) -> Iterator[str]:
        """The parts of the text, in which these words are masked where they are somebody's name."""
        at = 0
        for words in _runs_of(text, written):
            yield from (text[at : words[0].start()], self._mask_run(text, words))
            at = words[-1].end()
        yield text[at:]

    def _mask_run(self, text: str, words: list[re.Match[str]]) -> str:
        """Words that are known, one after another: some are one's name, others are looked at alone."""
        at = words[0].start()
        has_title = _TITLE.search(text[max(0, at - _LOOKED_BACK) : at]) is not None
        masked = ""
        while words:
            is_one = has_title or (self._is_alone(words[0][0]) and not _is_month(text, words[0]))
            count = self._count_of_name(words) or int(is_one)
            begin, end = words[0].start(), words[max(1, count) - 1].end()
            name = text[begin:end]
            masked += text[at:begin] + (mask_name(re.sub("[._]", " ", name)) if count else name)
            words, at, has_title = words[max(1, count) :], end, False
        return masked

    def _count_of_name(self, words: list[re.Match[str]]) -> int:
        """How many of these words, from the first on, are the name of one person; 0 where it is less than two."""
        keys = [self._key(word[0]) or "" for word in words]
        for count in range(len(keys), 1, -1):
            between = words[0].string[words[0].end() : words[1].start()]
            is_told = "," in between or all(not word[0][0].islower() for word in words[:count])
            for each in self._by_word[keys[0]]:
                if _is_within(keys[:count], each.words, in_order=not is_told):
                    return count
        return 0

    def _is_alone(self, word: str) -> bool:
        """Whether the word is somebody's name without another. In small letters it may be another word."""
        key = self._key(word) or ""
        return any(key == each.joined or (key in each.alone and not word[0].islower()) for each in self._by_word[key])

    def _mask_end(self, found: re.Match[str]) -> str:
        """A text that was cut may end within a name."""
        given = found[1]
        begin, key = given.lower(), folded(given)
        is_account = len(given) >= _SHORTEST_ACCOUNT and any(each.isdigit() or each in "._+-" for each in given)
        for each in self._known:
            is_begin = not given[0].islower() and any(word.startswith(key) for word in each.alone)
            if is_begin or (is_account and each.account is not None and each.account.startswith(begin)):
                return f"{given[0]}{CUT}"
        return found[0]


@lru_cache(16_384)
def _known(person: Person) -> _Known:
    name = _composed(person.name)
    written = [word for word in _WORD.findall(name) if _is_name(word)]
    joined = "".join(folded(word) for word in written) if len(written) > 1 else None
    # `O'Brien` is written `OBrien`, too.
    written += [word for word in _WORD.findall(_APOSTROPHE.sub("", name)) if word not in written and _is_name(word)]
    words = tuple(folded(word) for word in written)
    is_small = person.name.islower()
    alone = {
        folded(word)
        for word in written
        if len(word) >= _SHORTEST_ALONE and (is_small or not word[0].islower()) and word.lower() not in _PARTICLES
    }
    email = person.email.strip()
    account = _account(email.partition("@")[0].lower(), words)
    return _Known(
        words=words,
        alone=frozenset(alone),
        joined=joined,
        unbordered=_unbordered(person.name),
        email="" if not email else _email(email, account),
        account=account,
    )


def _is_name(word: str) -> bool:
    """Whether a word of a name names somebody; one that begins with a digit is a time or an amount elsewhere."""
    return len(word) > 1 and not word[0].isdigit() and word.lower() not in _TITLES


def _account(local: str, words: tuple[str, ...]) -> str | None:
    """The first part of an e-mail address, if it says alone who somebody is; `info` and `mark` do not."""
    if len(local) < _SHORTEST_ACCOUNT:
        return None
    has_name = any(len(word) >= _SHORTEST_ALONE and word in local and word != local for word in words)
    return local if has_name or any(each.isdigit() or each in "._+-" for each in local) else None


def _email(email: str, account: str | None) -> str:
    local, at, domain = email.rpartition("@")
    if not at:
        return rf"(?i:(?<![\w.+-]){re.escape(email)}(?![\w@+-]))"
    tag = "" if "+" in local else r"(?:\+[\w.-]*)?"
    alone = "" if account is None else r"|(?![\w@+-])(?!\.\w)"
    return rf"(?i:(?<![\w.+-]){re.escape(local)}(?:{tag}@{re.escape(domain)}(?![\w-]){alone}))"


def _unbordered(name: str) -> str:
    """A pattern of the name in such a script: whole, in either order, each part, and what an honorific follows."""
    parts = _OF_UNBORDERED.findall(name)
    if not parts:
        return ""
    whole = "".join(parts)
    orders = {r"[\s・·,]?".join(each) for each in (whole, "".join(reversed(parts)))}
    alone = {part for part in parts if len(part) > 1}
    begins = {whole[:count] + _HONORIFIC for count in range(1, len(whole))}
    return "|".join(sorted(orders | alone | begins, key=len, reverse=True))


def _is_within(words: list[str], name: tuple[str, ...], *, in_order: bool) -> bool:
    if not in_order:
        return len(set(words)) == len(words) and set(words) <= set(name)
    rest = iter(name)
    return all(word in rest for word in words)


@lru_cache(1_024)
def _any_of(patterns: frozenset[str]) -> re.Pattern[str]:
    return re.compile("|".join(sorted(patterns, key=len, reverse=True)))


def _runs_of(text: str, words: Collection[str]) -> Iterator[list[re.Match[str]]]:
    """These words, alone or one after another; not within an e-mail address, whose domain stays."""
    run: list[re.Match[str]] = []
    for word in _WORD.finditer(text):
        if word[0] not in words or _BEFORE_DOMAIN.fullmatch(text, max(0, word.start() - 2), word.start()):
            continue
        if _IN_ID.search(text, max(0, word.start() - _LONGEST_ID), word.start()):
            continue
        if run and not (len(run) < _MOST_WORDS and _BETWEEN.fullmatch(text, run[-1].end(), word.start())):
            yield run
            run = []
        run.append(word)
    if run:
        yield run


def _is_month(text: str, word: re.Match[str]) -> bool:
    """Whether a word that is a name and a month stands beside the number of a day or a year."""
    if word[0].lower() not in _MONTHS:
        return False
    before = text[max(0, word.start() - _LOOKED_BACK) : word.start()]
    return _AFTER_DAY.search(before) is not None or _BEFORE_DAY.match(text, word.end()) is not None


def _mask_account(found: str) -> str:
    return mask_email(found) if "@" in found else mask_word(found)


def _composed(text: str) -> str:
    """The text with each letter and its few marks as one: a long run of marks takes quadratic time, and is no name."""
    return _MARKED.sub(lambda found: unicodedata.normalize("NFC", found[0]), text)
