"""Masks what people are reached at and pay with, where a text names it: telephones, cards, bank accounts.

A telephone is told by its form, or by the word before it. What another word before it names, or a unit after it, is
none: an order, an amount. Numbers that might be either are masked: whoever must know reveals them.
"""

import re

CUT = "…"
"""Stands for what was taken away."""

_BETWEEN = r"[ \u00a0\u2007\u2009\u202f().\-/\u2010\u2011\u2013]"
_BEGIN = r"(?<![\w+/#…-])(?<![0-9][.,:])"
_END = r"(?![\w-])(?![.,][0-9])"
_RUN = re.compile(rf"[0-9](?:{_BETWEEN}{{0,4}}[0-9]){{6}}(?![0-9.]{{0,6}}\.{CUT})")
"""Fewer digits are no telephone, nor anything longer, and no masked address is: most texts have no such run, and are
not read for each kind."""

_JOINT = r"[ \u00a0\u2007\u2009\u202f\-\u2010\u2011\u2013]"
_CARD = re.compile(rf"(?<![\w+…-])(?<![0-9][.,:])[2-6](?:{_JOINT}{{0,2}}[0-9]){{12,18}}{_END}")
_IBAN = re.compile(
    rf"(?<!\w)[A-Z]{{2}}[0-9]{{2}}(?:{_JOINT}{{0,2}}[A-Z0-9]{{4}}){{2,7}}(?:{_JOINT}{{0,2}}[A-Z0-9]{{1,3}})?(?!\w)",
    re.IGNORECASE,
)

_INTERNATIONAL = re.compile(
    rf"(?:(?<![\w+])\+{_BETWEEN}?|{_BEGIN}(?P<other>00{_BETWEEN}?))[1-9](?:{_BETWEEN}{{0,4}}[0-9]){{6,14}}"
    r"(?![0-9])(?![.,][0-9]{1,2}(?![0-9]))"
)
_CALLED = re.compile(
    r"(?<![^\W_])(?:t[eé]l[eé]?(?:ph|f)on\w{0,8}|t[eé]l|phone(?:d|s|number)?|mob(?:ile?)?|cell(?:phone)?|handy\w{0,6}|fax"
    r"|sms|whatsapp|call(?:s|ed|ing|back)?|dial(?:l?ed)?|ring|rang|text(?:ed)?|landline|hotline|m[oó]vil|anruf\w{0,3})"
    r"(?:[^\w\n]{1,3}(?:no|nr|numbers?|nummer|is|was|me|us|him|her|them|back|at|on|from|to|via|under|unter|von|auf)"
    rf"(?!\w)){{0,3}}[^\w\n+…(]{{0,4}}(?P<number>\(?[0-9](?:{_BETWEEN}{{0,3}}[0-9]){{6,14}}){_END}",
    re.IGNORECASE,
)
"""After a word that says so."""
_NATIONAL = (
    # With the zero in front that is dialled inside a country.
    re.compile(rf"{_BEGIN}\(?0[1-9](?:{_BETWEEN}{{0,3}}[0-9]){{7,10}}{_END}"),
    # North America's, in groups or at a stretch.
    re.compile(rf"{_BEGIN}(?:1[-. ])?(?:\([0-9]{{2,5}}\) ?|[2-9][0-9]{{2}}[-. ])[0-9]{{3,4}}[-. ]?[0-9]{{4}}{_END}"),
    re.compile(rf"{_BEGIN}[2-9][0-9]{{9}}{_END}"),
    # In pairs.
    re.compile(rf"(?<![0-9] ){_BEGIN}[0-9]{{2}}(?: [0-9]{{2}}){{3,4}}(?! ?[0-9]){_END}"),
)

_MONEY = r"[€$£¥₹]|(?<![A-Z])(?:EUR|USD|GBP|NOK|SEK|DKK|CHF|JPY|PLN|CZK|INR|CAD|AUD)(?![A-Z])"
_NAMED_OTHERWISE = re.compile(
    rf"(?:{_MONEY}|(?i:(?:order|invoice|charge|purchase|ticket|ref(?:erence)?|transaction|payment|event|alert|case|session"
    r"|device|customer|article|item|sku|batch|build|version|seq(?:uence)?|offset|epoch|time(?:stamp)?|ts|ids?|key|hash"
    r"|amount|total|balance|size|count|bytes)s?)(?:[ _-]?(?i:ids?|no|nr|numbers?|ref))?)[^\w\n]{0,3}$"
)
_IS_UNIT = re.compile(
    rf"\s?(?:{_MONEY}|(?:%|kr|[kMGT]i?B|bytes?|[mµn]?s|sec(?:onds)?|min(?:utes)?|points?|times|events?|rows)(?!\w))"
)
_IS_DATE = re.compile(
    r"(?:19|20)[0-9]{2}[-/.]?(?:0[1-9]|1[0-2])[-/.]?[0-3][0-9](?![0-9]{3})|[0-3]?[0-9]([./-])[0-3]?[0-9]\1(?:19|20)[0-9]{2}(?![0-9])"
)
_LOOKED_BACK = 24
_OF_IBAN = re.compile("[A-Za-z0-9]")
_IBAN_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FK FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}
"""Characters by country, as the registry of ISO 13616 has them."""


def mask_number(value: str) -> str:
    """The last two digits, of a telephone and the like."""
    return f"{CUT}{_digits(value)[-2:]}"


def mask_numbers(text: str) -> str:
    """The text with each telephone, card and account number in it masked."""
    if _RUN.search(text) is None:
        return text
    text = _IBAN.sub(_mask_iban, text)
    text = _CARD.sub(lambda found: f"{CUT}{_digits(found[0])[-4:]}" if _is_card(found[0]) else found[0], text)
    text = _INTERNATIONAL.sub(lambda found: _masked(found) if _is_phone(found, found["other"]) else found[0], text)
    text = _CALLED.sub(lambda found: _masked(found, "number") if _is_number(found, "number") else found[0], text)
    for phone in _NATIONAL:
        text = phone.sub(lambda found: _masked(found) if _is_phone(found, "national") else found[0], text)
    return text


def _masked(found: re.Match[str], group: str | int = 0) -> str:
    return found[0][: found.start(group) - found.start()] + mask_number(found[group])


def _is_phone(found: re.Match[str], may_be_another: str | None) -> bool:
    """`may_be_another`: what has such a form may be something else, as the word before it says."""
    before = found.string[max(0, found.start() - _LOOKED_BACK) : found.start()]
    return _is_number(found, 0) and (may_be_another is None or _NAMED_OTHERWISE.search(before) is None)


def _is_number(found: re.Match[str], group: str | int) -> bool:
    """Whether it is neither a date nor so many of something."""
    return _IS_DATE.match(found[group]) is None and _IS_UNIT.match(found.string, found.end()) is None


def _digits(text: str) -> str:
    return "".join(filter(str.isdecimal, text))


def _is_card(text: str) -> bool:
    """By its length and Luhn's check digit."""
    digits = [int(each) for each in reversed(_digits(text))]
    length = {"2": (16,), "3": (14, 15), "4": (13, 16, 19), "5": (16,), "6": (16, 17, 18, 19)}[text[0]]
    doubled = (sum(divmod(2 * each, 10)) for each in digits[1::2])
    return len(digits) in length and (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _mask_iban(found: re.Match[str]) -> str:
    """The first two and the last two characters; words may follow that look like its last groups."""
    parts = [*_OF_IBAN.finditer(found[0])]
    length = _IBAN_LENGTHS.get(found[0][:2].upper(), 0)
    bare = "".join(each[0] for each in parts[:length])
    if not length or len(bare) < length or not _is_iban(bare):
        return found[0]
    end = parts[length - 1].end()
    return f"{found[0][:2]}{CUT}{bare[-2:]}{found[0][end:]}"


def _is_iban(bare: str) -> bool:
    """By the check digits of ISO 13616."""
    return int("".join(str(int(each, 36)) for each in bare[4:] + bare[:4])) % 97 == 1
