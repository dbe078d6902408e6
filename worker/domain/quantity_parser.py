"""Parses the figures in a text: numbers, dates, times and identifiers, in statements and records alike.

Parsing is exact: nothing is guessed, and an unknown form is parsed as the plain numbers in it. Strangers
write these texts: parsing takes one pass for each form, whatever the text says, and stops at MAX_TEXT.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Literal, Protocol

Day = tuple[int | None, int, int]
"""Year where it is named, month, day."""
Time = tuple[int, int, int | None]
"""Hour, minute, second where it is named."""

MAX_TEXT = 256_000
"""Characters of a text that are read. Text beyond them is not read."""
MAX_DIGITS = 40
"""A number of more digits reads as an identifier: it is repeated word for word or not at all."""
READ_ONCE = 4_096
"""How many texts are cached with their figures,"""
REMEMBERED_LENGTH = 200
"""unless they are longer than this."""

Unit = Literal["percent", "days", "other"]
"""`other`: a currency, or a unit in which things are measured and not counted."""


@dataclass(frozen=True)
class Number:
    """A number as it is written, and what follows or precedes it."""

    value: Decimal
    """Without its sign."""
    written: str
    unit: Unit | None = None

    @property
    def decimals(self) -> int:
        """How many are shown."""
        return max(0, -int(self.value.as_tuple().exponent))


@dataclass(frozen=True)
class Figures:
    """Everything in a text that can be compared with a record, each with its wording."""

    numbers: tuple[Number, ...] = ()
    identifiers: tuple[str, ...] = ()
    """Lower case."""
    days: tuple[tuple[Day, str], ...] = ()
    times: tuple[tuple[Time, str], ...] = ()


NO_FIGURES = Figures()


@dataclass
class Reading:
    """What was found so far."""

    numbers: list[Number] = field(default_factory=list[Number])
    identifiers: list[str] = field(default_factory=list[str])
    days: list[tuple[Day, str]] = field(default_factory=list[tuple[Day, str]])
    times: list[tuple[Time, str]] = field(default_factory=list[tuple[Time, str]])


class Pattern(Protocol):
    """The one thing that is done with a compiled pattern: a pass over the text."""

    def sub(self, repl: Callable[[re.Match[str]], str], string: str) -> str:
        """The text with every match replaced."""
        ...


@dataclass(frozen=True)
class Form:
    """One way to write a figure. `read` takes a match, or says False: then the match stays for later forms."""

    pattern: Pattern
    read: Callable[[re.Match[str], Reading], bool]

    def take(self, text: str, reading: Reading) -> str:
        """Read every match, and blank it out, so that no later form reads it again."""

        def blanked(match: re.Match[str]) -> str:
            return " " * len(match[0]) if self.read(match, reading) else match[0]

        return self.pattern.sub(blanked, text)


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<month>Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|"
    r"Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_TIME = r"(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d)(?:\.\d+)?)?"
_ISO = re.compile(
    rf"(?<![\w-])(?P<year>\d{{4}})-(?P<month>\d\d)-(?P<day>\d\d)(?:[Tt ]{_TIME}(?:Z|[+-]\d\d:?\d\d)?)?(?![\w-])"
)
_DAY_FIRST = re.compile(rf"(?<!\w)(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH}(?:,? (?P<year>\d{{4}}))?(?!\w)")
_MONTH_FIRST = re.compile(rf"(?<!\w){_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?!\d)(?:,? (?P<year>\d{{4}}))?(?!\w)")
_CLOCK = re.compile(rf"(?<![\w:.]){_TIME}(?: ?(?P<half>[ap])\.?m\b\.?)?(?![\w:])", re.IGNORECASE)
_HOUR = re.compile(r"(?<![\w:.])(?P<hour>1[0-2]|[1-9]) ?(?P<half>[ap])\.?m\b\.?", re.IGNORECASE)

_CODES = (
    "AED|ARS|AUD|BGN|BHD|BRL|CAD|CHF|CLP|CNY|COP|CZK|DKK|EGP|EUR|GBP|GHS|HKD|HUF|IDR|ILS|INR|ISK|JPY|KES|KRW|KWD|MAD|"
    "MXN|MYR|NGN|NOK|NZD|OMR|PHP|PKR|PLN|RON|RUB|SAR|SEK|SGD|THB|TND|TRY|TWD|UAH|USD|VND|ZAR"
)
_CURRENCY = rf"(?:(?:{_CODES})|[$€£¥₹])"
_DIGITS = r"\d+(?:[,'_]\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d{3})+,\d+|\d+(?:[.,]\d+)?"
_NUMBER = re.compile(
    rf"(?<![\w.])(?P<currency>{_CURRENCY} ?)?(?P<digits>{_DIGITS})"
    rf"(?P<unit> ?(?:%|percent\b|per cent\b)|[- ]?[A-Za-z]{{1,12}}\b|[$€£¥])?"
)
_CHUNK = re.compile(r"[A-Za-z0-9_]+(?:[-.:/@]{1,2}[A-Za-z0-9_]+)*")
_QUANTITY = re.compile(rf"(?:{_CURRENCY})?(?:{_DIGITS})(?:-?[A-Za-z]{{1,2}}|-[A-Za-z]+|{_CURRENCY})?")
"""`30GB`, `4x`, `10th`, `EUR12.99`, `30-day`: a number and its unit, not an identifier."""
_DOTTED = re.compile(r"\d+(?:\.\d+){2,}")

_DAYS = frozenset({"day", "days"})
_MEASURES = (
    "k m bn kb mb gb tb km kmh kph mph mile miles metre metres meter meters "
    "h hr hrs hour hours minute minutes min mins second seconds sec secs s ms week weeks month months year years "
    "times fold x degree degrees euro euros dollar dollars pound pounds cent cents million thousand"
)
_MEASURE = frozenset(_MEASURES.split())
_WORDS = frozenset({"2fa", "3g", "4g", "5g", "24/7"})
"""Names that happen to have a digit."""
_FROM_TWO = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen twenty"
)
_TENS = {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100}
_COUNTS = {word: number for number, word in enumerate(_FROM_TWO.split(), start=2)} | _TENS
_COUNT_WORD = re.compile(rf"(?<![\w-])({'|'.join(_COUNTS)})(?:[- ]([A-Za-z]+))?(?![\w-])", re.IGNORECASE)
_ANY = re.compile(rf"\d|{_COUNT_WORD.pattern}", re.IGNORECASE)
"""Without a digit or a word that counts there is nothing to read."""
_THIN_SPACES = re.compile("(?<=\\d)[\u00a0\u2009\u202f](?=\\d{3})")


def read_figures(text: str) -> Figures:
    """Every figure in `text`; digits of other scripts and typographic spaces read as their plain counterparts."""
    return _read_once(text) if len(text) <= REMEMBERED_LENGTH else _read(text)


def read_with(forms: tuple[Form, ...], text: str) -> Figures:
    """Every figure in `text` that is written in one of `forms`; the first one that fits takes it."""
    plain = whole_words(_plain(whole_words(text, MAX_TEXT)), MAX_TEXT)
    if _ANY.search(plain) is None:
        return NO_FIGURES
    reading = Reading()
    for form in forms:
        plain = form.take(plain, reading)
    return Figures(tuple(reading.numbers), tuple(reading.identifiers), tuple(reading.days), tuple(reading.times))


def whole_words(text: str, most: int) -> str:
    """At most so many characters of a text. Half a number is another number, so that a word is kept whole or not."""
    return text if len(text) <= most else text[:most].rpartition(" ")[0]


def _plain(text: str) -> str:
    if text.isascii():
        return text
    # Not the text as a whole: normalising takes time that grows with the square of a run of combining marks.
    return "".join(unicodedata.normalize("NFKC", character) for character in _THIN_SPACES.sub("", text))


def _iso(match: re.Match[str], reading: Reading) -> bool:
    reading.days.append(((int(match["year"]), int(match["month"]), int(match["day"])), match[0]))
    if match["hour"] is not None:
        reading.times.append((_time(match), match[0]))
    return True


def _named_day(match: re.Match[str], reading: Reading) -> bool:
    month = _MONTHS.index(match["month"][:3].lower()) + 1
    year = int(match["year"]) if match["year"] else None
    reading.days.append(((year, month, int(match["day"])), match[0]))
    return True


def _clock(match: re.Match[str], reading: Reading) -> bool:
    reading.times.append((_time(match), match[0]))
    return True


def _full_hour(match: re.Match[str], reading: Reading) -> bool:
    reading.times.append(((_hour(match), 0, None), match[0]))
    return True


def _time(match: re.Match[str]) -> Time:
    second = match["second"]
    return _hour(match), int(match["minute"]), None if second is None else int(second)


def _hour(match: re.Match[str]) -> int:
    hour, half = int(match["hour"]), match.groupdict().get("half")
    return hour if half is None else hour % 12 + (12 if half.lower() == "p" else 0)


def _identifier(match: re.Match[str], reading: Reading) -> bool:
    chunk = match[0]
    if not any(character.isdigit() for character in chunk):
        return False
    if chunk.lower() in _WORDS:
        return True
    is_name = any(character.isalpha() for character in chunk) and not _QUANTITY.fullmatch(chunk)
    if not is_name and not _DOTTED.fullmatch(chunk):
        return False
    reading.identifiers.append(chunk.lower())
    return True


def _figure(match: re.Match[str], reading: Reading) -> bool:
    digits = match["digits"]
    if sum(map(str.isdigit, digits)) > MAX_DIGITS:
        reading.identifiers.append(digits)
        return True
    unit = _unit(match["unit"]) or ("other" if match["currency"] else None)
    written = " ".join((match[0] if unit else digits).split())
    reading.numbers.append(Number(_decimal(digits), written, unit))
    return True


def _count(match: re.Match[str], reading: Reading) -> bool:
    reading.numbers.append(Number(Decimal(_COUNTS[match[1].lower()]), match[1], _unit(match[2])))
    return True


def _decimal(digits: str) -> Decimal:
    plain = digits.replace("'", "").replace("_", "")
    if re.fullmatch(r"\d+(?:,\d{3})+(?:\.\d+)?", plain):
        return Decimal(plain.replace(",", ""))
    if re.fullmatch(r"\d+(?:\.\d{3})+,\d+", plain):
        return Decimal(plain.replace(".", "").replace(",", "."))
    return Decimal(plain.replace(",", "."))


def _unit(word: str | None) -> Unit | None:
    plain = (word or "").strip(" -").lower()
    if plain in ("%", "percent", "per cent"):
        return "percent"
    if plain in _DAYS:
        return "days"
    is_money = re.fullmatch(_CURRENCY, (word or "").strip()) is not None
    return "other" if is_money or plain in _MEASURE else None


FORMS: tuple[Form, ...] = (
    Form(_ISO, _iso),
    Form(_DAY_FIRST, _named_day),
    Form(_MONTH_FIRST, _named_day),
    Form(_CLOCK, _clock),
    Form(_HOUR, _full_hour),
    Form(_CHUNK, _identifier),
    Form(_NUMBER, _figure),
    Form(_COUNT_WORD, _count),
)
"""What a figure can look like. The order matters: a date is no number, and a number word is a word of its own."""


def _read(text: str) -> Figures:
    return read_with(FORMS, text)


# The records of one case name the same fields, plans and places over and over, and each is read for every finding.
_read_once = lru_cache(maxsize=READ_ONCE)(_read)
