"""The figures in a text: numbers, dates, times and identifiers, read the same way from a statement and from a record.

What is read is exact: nothing is guessed, and a form that is not known reads as the plain numbers in it.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Literal

Day = tuple[int | None, int, int]
"""Year where it is named, month, day."""
Time = tuple[int, int, int | None]
"""Hour, minute, second where it is named."""

READ_ONCE = 4_096
"""So many texts are remembered with what was read in them."""

Unit = Literal["percent", "days", "other"]
"""`other`: a currency, or a unit in which things are measured and not counted."""


@dataclass(frozen=True)
class Number:
    """A number as it stands there, and what follows or precedes it."""

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
    """Everything in a text that can be held against a record, each with its wording."""

    numbers: tuple[Number, ...] = ()
    identifiers: tuple[str, ...] = ()
    """Lower case."""
    days: tuple[tuple[Day, str], ...] = ()
    times: tuple[tuple[Time, str], ...] = ()


NO_FIGURES = Figures()


@dataclass
class _Reading:
    """Text of which one form after the other is read and blanked out."""

    text: str
    numbers: list[Number] = field(default_factory=list[Number])
    identifiers: list[str] = field(default_factory=list[str])
    days: list[tuple[Day, str]] = field(default_factory=list[tuple[Day, str]])
    times: list[tuple[Time, str]] = field(default_factory=list[tuple[Time, str]])

    def take(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        """Every match; each is blanked out, so that no later form reads it again."""
        found = list(pattern.finditer(self.text))
        for match in found:
            self.text = self.text[: match.start()] + " " * len(match[0]) + self.text[match.end() :]
        yield from found


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
_DIGIT = re.compile(r"\d")
_ANY = re.compile(rf"\d|{_COUNT_WORD.pattern}", re.IGNORECASE)
"""Without a digit or a word that counts there is nothing to read."""
_THIN_SPACES = re.compile("(?<=\\d)[\u00a0\u2009\u202f](?=\\d{3})")


# The records of one case name the same fields, plans and places over and over, and each is read for every finding.
@lru_cache(maxsize=READ_ONCE)
def read_figures(text: str) -> Figures:
    """Every figure in `text`; digits of other scripts and typographic spaces read as their plain counterparts."""
    reading = _Reading(unicodedata.normalize("NFKC", _THIN_SPACES.sub("", text)))
    if _ANY.search(reading.text) is None:
        return NO_FIGURES
    for read in (_read_iso, _read_moments, _read_identifiers, _read_numbers):
        if _DIGIT.search(reading.text) is None:
            break
        read(reading)
    for match in reading.take(_COUNT_WORD):
        reading.numbers.append(Number(Decimal(_COUNTS[match[1].lower()]), match[1], _unit(match[2])))
    return Figures(tuple(reading.numbers), tuple(reading.identifiers), tuple(reading.days), tuple(reading.times))


def _read_iso(reading: _Reading) -> None:
    for match in reading.take(_ISO):
        reading.days.append(((int(match["year"]), int(match["month"]), int(match["day"])), match[0]))
        if match["hour"] is not None:
            reading.times.append((_time(match), match[0]))


def _read_moments(reading: _Reading) -> None:
    for pattern in (_DAY_FIRST, _MONTH_FIRST):
        for match in reading.take(pattern):
            month = _MONTHS.index(match["month"][:3].lower()) + 1
            year = int(match["year"]) if match["year"] else None
            reading.days.append(((year, month, int(match["day"])), match[0]))
    for match in reading.take(_CLOCK):
        reading.times.append((_time(match), match[0]))
    for match in reading.take(_HOUR):
        reading.times.append(((_hour(match), 0, None), match[0]))


def _time(match: re.Match[str]) -> Time:
    second = match["second"]
    return _hour(match), int(match["minute"]), None if second is None else int(second)


def _hour(match: re.Match[str]) -> int:
    hour, half = int(match["hour"]), match.groupdict().get("half")
    return hour if half is None else hour % 12 + (12 if half.lower() == "p" else 0)


def _read_identifiers(reading: _Reading) -> None:
    for match in list(_CHUNK.finditer(reading.text)):
        chunk = match[0]
        if not any(character.isdigit() for character in chunk):
            continue
        is_name = any(character.isalpha() for character in chunk) and not _QUANTITY.fullmatch(chunk)
        if chunk.lower() not in _WORDS and not is_name and not _DOTTED.fullmatch(chunk):
            continue
        reading.text = reading.text[: match.start()] + " " * len(chunk) + reading.text[match.end() :]
        if chunk.lower() not in _WORDS:
            reading.identifiers.append(chunk.lower())


def _read_numbers(reading: _Reading) -> None:
    for match in reading.take(_NUMBER):
        unit = _unit(match["unit"]) or ("other" if match["currency"] else None)
        written = " ".join((match[0] if unit else match["digits"]).split())
        reading.numbers.append(Number(_decimal(match["digits"]), written, unit))


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
