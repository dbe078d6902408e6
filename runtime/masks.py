"""Masks personal values: what is left of one is enough to tell what it was, and not whose.

Equal values have equal masks. A masked value is not masked any further.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address

from runtime.masked_numbers import CUT, mask_numbers

# Runs are possessive and begin where no run goes on: a text of one megabyte is read once.
_LOCAL = r"[\w.!#$&*+?^`~'-]"
# A text that was cut may end within a domain.
_EMAIL = re.compile(
    rf"(?<!{_LOCAL})'?({_LOCAL})({_LOCAL}*+)(@|%(?:25)*+40|\\u0040)([\w-]++(?:\.[\w-]++)++|[\w-]*+(?:\.[\w-]++)*+\.?(?={CUT}))"
)
# A port may stand behind a point, as of `tcpdump`.
_IPV4 = re.compile(r"(?<![0-9.])([0-9]{1,3}(?:\.[0-9]{1,3}){3})((?:\.[0-9]{2,5}(?!,[0-9]))?)(?![0-9])(?!\.[0-9])")
_GROUP = r"[0-9A-Fa-f]{0,4}+"
_IPV6 = re.compile(rf"(?:(?<![\w:.])|(?<=\w:)){_GROUP}(?::{_GROUP}){{2,9}}+(?:\.[0-9]{{1,5}}){{0,4}}+(?![\w:])")
_VERSION = re.compile(
    r"(?:(?<![\w.-])(?!(?:Client|From|Host|Ip|Peer|Remote|Server|User)/)[A-Z]\w*[a-z]\w*/|\bv|§\s?|(?i:\b(?:version|release|build|ver\.?|section|chapter|clause|paragraph)s?\W{1,2}v?))$"
)
"""What stands before four numbers that are no address."""
_IN_HOST_NAME = re.compile(
    r"(?:(?<![0-9-])|(?<=[A-Za-z]-)|(?<=[A-Za-z][0-9]-))([0-9]{1,3}(?:-[0-9]{1,3}){3})(?=[A-Za-z-]*\.[\w-]*[A-Za-z])"
)
"""As providers call the machines of their customers."""
_LOOKED_BACK = 24
_BYTES_OF_V4 = 4
_TRANSLATED = bytes.fromhex("0064ff9b")
"""Before an address of IPv4: RFC 6052."""
_WORD = re.compile(r"[^\s\-,]+|,")
_OTHER_DIGIT = re.compile(r"(?![0-9])\d")
_WIDE = {ord(each) + 0xFEE0: each for each in "@.:+-%"}
"""Signs in the width of a Chinese letter."""


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
    return " ".join(_initial(part) for part in _WORD.findall(value)).replace(" ,", ",")


def mask_word(value: str) -> str:
    """The first character, of an account's name and the like."""
    bare = value.strip()
    return bare if bare.endswith(CUT) and len(bare) <= 2 else f"{bare[:1]}{CUT}"


def mask_emails(text: str) -> str:
    """The text with each e-mail address in it masked."""
    return _EMAIL.sub(rf"\1{CUT}\3\4", text) if "@" in text or "40" in text else text


def mask_ips(text: str, is_kept: Callable[[IPv4Address | IPv6Address], bool] | None = None) -> str:
    """The text with each IP address in it masked, but those that are nobody's, and those that `is_kept` names."""

    def shown(address: IPv4Address | IPv6Address | None) -> str | None:
        if address is None or _is_nobodys(address) or (is_kept is not None and is_kept(address)):
            return None
        return _masked_address(address)

    def masked_v4(found: re.Match[str]) -> str:
        before = found.string[max(0, found.start() - _LOOKED_BACK) : found.start()]
        mask = None if _VERSION.search(before) else shown(_address(found[1]))
        return found[0] if mask is None else mask + found[2]

    def masked_v6(found: re.Match[str]) -> str:
        is_cut = found.string.startswith(CUT, found.end())
        for begin, end in _parts_of(found[0], is_cut=is_cut):
            mask = shown(_address(f"{found[0][begin:end]}::" if is_cut else found[0][begin:end]))
            if mask is not None:
                # Where a text was cut, its own mark stands behind the address.
                return found[0][:begin] + (mask.removesuffix(CUT) if is_cut else mask + found[0][end:])
        return found[0]

    def masked_host(found: re.Match[str]) -> str:
        mask = shown(_address(found[1].replace("-", ".")))
        return found[0] if mask is None else mask.replace(".", "-")

    if text.count("-") > 2:
        text = _IN_HOST_NAME.sub(masked_host, text)
    if text.count(":") > 1:
        text = _IPV6.sub(masked_v6, text)
    return _IPV4.sub(masked_v4, text) if text.count(".") > 2 else text


def mask_text(text: str) -> str:
    """The text with each e-mail address, IP address, telephone, card and account number in it masked."""
    if text.isascii():
        return _mask_text(text)
    plain = _OTHER_DIGIT.sub(lambda found: str(unicodedata.decimal(found[0])), text.translate(_WIDE))
    masked = _mask_text(plain)
    return text if masked == plain else masked


def _mask_text(text: str) -> str:
    return mask_numbers(mask_ips(mask_emails(text)))


def mask_log_line(text: str) -> str:
    """A line of a process's log: e-mail addresses, and IP addresses of the internet. Those of a network's inside stay.

    Operators look for the latter, and they say nothing about a customer.
    """
    return mask_ips(mask_emails(text), _is_inside)


def _initial(word: str) -> str:
    return word if word == "," or (word.endswith(".") and len(word) == 2) else f"{word[0]}."


def _parts_of(given: str, *, is_cut: bool) -> Iterator[tuple[int, int]]:
    """What of a run of groups may be an address of IPv6, the longest first: a name or a time may stand before it."""
    bare = given.rstrip(":") if is_cut or (given.endswith(":") and not given.endswith("::")) else given
    if is_cut:
        # What a mask has left is not taken for more.
        if bare.count(":") > 2 and "::" not in bare:
            yield 0, len(bare)
        return
    if "::" not in bare and bare.count(":") < 7:
        return
    point = bare.find(".")
    ends = [len(bare)] if point < 0 else [len(bare), point]
    for begin in (0, *(found.end() for found in re.finditer(r"(?<!:):(?!:)", bare))):
        yield from ((begin, end) for end in ends)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    if ":" not in text:
        try:
            # With zeros before a byte, as some systems write it.
            return IPv4Address(bytes(int(part) for part in text.split(".")))
        except ValueError:
            return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _is_nobodys(address: IPv4Address | IPv6Address) -> bool:
    """Addresses of this machine, of whole networks, and what looks like one of IPv6, as `1::2` does."""
    if isinstance(address, IPv4Address):
        return address.is_loopback or address.packed[1:] == b"\0\0\0"
    first = address.packed[0]
    return first < 0x20 and not address.packed.startswith(_TRANSLATED)


def _is_inside(address: IPv4Address | IPv6Address) -> bool:
    # Documents write these in place of somebody's, and so do tests.
    written = str(address).startswith(("192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:"))
    return not written and (address.is_private or address.is_link_local)


def _masked_address(address: IPv4Address | IPv6Address) -> str:
    packed = address.packed
    if len(packed) == _BYTES_OF_V4:
        return f"{packed[0]}.{packed[1]}.{packed[2]}.{CUT}"
    groups = (int.from_bytes(packed[at : at + 2]) for at in (0, 2, 4))
    return f"{':'.join(f'{group:x}' for group in groups)}:{CUT}"
