"""Masks personal values: what is left of one is enough to tell what it was, and not whose.

Equal values have equal masks. A masked value is not masked any further.
"""

import re
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address

CUT = "…"
"""Stands for what was taken away."""

# Runs are possessive and begin where no run goes on: a text of one megabyte is read once.
_LOCAL = r"[\w.!#$&*+?^`~'-]"
_EMAIL = re.compile(rf"(?<!{_LOCAL})'?({_LOCAL})({_LOCAL}*+)(@|%40)([\w-]++(?:\.[\w-]++)++)")
_IPV4 = re.compile(r"(?<![0-9.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9])(?!\.[0-9])")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,8}(?:\.[0-9]{1,3}){0,3}(?![\w:])")
_PHONES = (
    re.compile(r"(?:(?<![\w+])\+|(?<![\w.,:+-])00)[1-9](?:[ ().\-/]{0,2}[0-9]){6,14}(?![0-9])"),
    re.compile(r"(?<![\w.,:+-])0[1-9][0-9]{1,3}[ /-][0-9]{3,4}[ -]?[0-9]{3,5}(?![\w-])(?![.,][0-9])"),
    re.compile(r"(?<![\w.,:+-])(?:\([0-9]{2,5}\) ?|[0-9]{3}[-. ])[0-9]{3,4}[-. ]?[0-9]{4}(?![\w-])(?![.,][0-9])"),
)
_CARD = re.compile(r"(?<![\w.,:+-])[2-6](?:[ -]?[0-9]){12,18}(?![\w-])(?![.,][0-9])")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)")
_FEWEST_DIGITS = 7
"""Of a telephone number, and of whatever is longer."""
_HAS_DIGIT = re.compile(r"[0-9]")


def mask_email(value: str) -> str:
    """`ana@example.com` is `a…@example.com`: where somebody can be reached is a company's or a provider's."""
    local, at, domain = value.strip().rpartition("@")
    return f"{local[:1]}{CUT}@{domain}" if at else mask_word(value)


def mask_ip(value: str) -> str:
    """`203.0.113.7` is `203.0.113.…`, and of IPv6 the first 48 bits stay. Addresses that are nobody's stay whole."""
    shown = mask_ips(value)
    return shown if shown != value or CUT in value or _address(value.strip()) is not None else mask_word(value)


def mask_name(value: str) -> str:
    """`Maria Keller` is `M. K.`."""
    return " ".join(word if word.endswith(".") and len(word) == 2 else f"{word[0]}." for word in value.split())


def mask_word(value: str) -> str:
    """The first character, of an account's name and the like."""
    bare = value.strip()
    return bare if bare.endswith(CUT) and len(bare) <= 2 else f"{bare[:1]}{CUT}"


def mask_number(value: str) -> str:
    """The last two digits, of a telephone and the like."""
    return f"{CUT}{''.join(_HAS_DIGIT.findall(value))[-2:]}"


def mask_emails(text: str) -> str:
    """The text with each e-mail address in it masked."""
    return _EMAIL.sub(rf"\1{CUT}\3\4", text) if "@" in text or "%40" in text else text


def mask_ips(text: str, is_kept: Callable[[IPv4Address | IPv6Address], bool] | None = None) -> str:
    """The text with each IP address in it masked, but those that are nobody's, and those that `is_kept` names."""

    def masked(found: re.Match[str]) -> str:
        given = found[0]
        bare = given.rstrip(":") if given.endswith(":") and not given.endswith("::") else given
        address = _address(bare)
        if address is None or _is_nobodys(address) or (is_kept is not None and is_kept(address)):
            return given
        return _masked_address(address) + given[len(bare) :]

    if text.count(":") > 1:
        text = _IPV6.sub(masked, text)
    return _IPV4.sub(masked, text) if text.count(".") > 2 else text


def mask_text(text: str) -> str:
    """The text with each e-mail address, IP address, telephone, card and account number in it masked."""
    text = mask_ips(mask_emails(text))
    digits = len(_HAS_DIGIT.findall(text))
    # Most texts have fewer: they are not read again for each kind.
    if digits < _FEWEST_DIGITS:
        return text
    text = _IBAN.sub(lambda found: f"{found[0][:2]}{CUT}{found[0][-2:]}" if _is_iban(found[0]) else found[0], text)
    text = _CARD.sub(lambda found: f"{CUT}{_digits(found[0])[-4:]}" if _is_card(found[0]) else found[0], text)
    for phone in _PHONES:
        text = phone.sub(lambda found: mask_number(found[0]), text)
    return text


def mask_log_line(text: str) -> str:
    """A line of a process's log: e-mail addresses, and IP addresses of the internet. Those of a network's inside stay.

    Operators look for the latter, and they say nothing about a customer.
    """
    return mask_ips(mask_emails(text), _is_inside)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        try:
            # With zeros before a byte, as some systems write it.
            return IPv4Address(".".join(str(int(part)) for part in text.split(".")))
        except ValueError:
            return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _is_nobodys(address: IPv4Address | IPv6Address) -> bool:
    return address.is_loopback or address.is_unspecified


def _is_inside(address: IPv4Address | IPv6Address) -> bool:
    # Documents write these in place of somebody's, and so do tests.
    written = str(address).startswith(("192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:"))
    return not written and (address.is_private or address.is_link_local)


def _masked_address(address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv4Address):
        return f"{str(address).rpartition('.')[0]}.{CUT}"
    groups = address.exploded.split(":")[:3]
    return f"{':'.join(f'{int(group, 16):x}' for group in groups)}:{CUT}"


def _digits(text: str) -> str:
    return "".join(_HAS_DIGIT.findall(text))


def _is_card(text: str) -> bool:
    """By Luhn's check digit."""
    digits = [int(each) for each in reversed(_digits(text))]
    doubled = (sum(divmod(2 * each, 10)) for each in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _is_iban(text: str) -> bool:
    """By the check digits of ISO 13616."""
    bare = text.replace(" ", "")
    return int("".join(str(int(each, 36)) for each in bare[4:] + bare[:4])) % 97 == 1
