"""What is personal: the one declaration, by field of a record.

Records of the tools (`mcp_server/records`), arguments of their calls, attributes of telemetry with whatever else
real systems send, and telemetry that could not be read. A field is told by its own name: `client_ip` is an `ip`.
Ids, places and times are not personal here, nor how many of something there are: the rules are about them. What may
be either is masked: whoever must know reveals it.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from runtime.masked_numbers import CUT, mask_number
from runtime.masks import mask_email, mask_ip, mask_ips, mask_name, mask_word

Mask = Callable[[str], str]


def _taken(_: str) -> str:
    return CUT


def _mask_place(value: str) -> str:
    """Where somebody lives, or a machine is."""
    shown = mask_ips(value)
    return CUT if shown == value else shown


def mask_account(value: str) -> str:
    """Who an account belongs to, as systems write it: an e-mail address, or a name."""
    return mask_email(value) if "@" in value else mask_name(value) if " " in value.strip() else mask_word(value)


_NAME = re.compile(r"[^\W\d_](?:[^\s\d]*)(?: [^\W\d_][^\s\d]*){1,4}")


def mask_party(value: str) -> str:
    """One side of something, which may be a person, an account or a place: what looks like a person's is masked."""
    if "@" in value:
        return mask_email(value)
    is_name = _NAME.fullmatch(value.strip()) is not None and all(not word[0].islower() for word in value.split())
    return mask_name(value) if is_name else value


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _each(words: str, mask: Mask) -> Mapping[str, Mask]:
    return dict.fromkeys(words.split(), mask)


FIELDS: Mapping[str, Mask] = {
    # Customer, CustomerMatch
    "name": mask_account,
    "email": mask_email,
    # SecurityEntry, and attributes of telemetry
    "ip": mask_ip,
    "user": mask_account,
    "principal": mask_account,
    # What records and attributes of other systems hold as well.
    "mail": mask_email,
    **_each(
        "ip_address remote_addr src_addr x_forwarded_for client_address peer_address remote_address source_address"
        " remote_host ipv ip_v",
        mask_ip,
    ),
    **_each(
        "username login account_name upn surname firstname lastname fullname fname lname customername nickname"
        " cardholder cardholdername card_holder account_holder holder payee payer recipient beneficiary sender caller"
        " owner contact person maiden given family handle vorname nachname prenom apellido enduser_id",
        mask_account,
    ),
    **_each("customer client author account signature from to", mask_party),
    **_each(
        "phone telephone mobile msisdn phone_number mobile_number card_number pan iban account_number imsi imei"
        " phonenumber cardnumber accountnumber tel",
        mask_number,
    ),
    **_each("address addr address_line", _mask_place),
    **_each(
        "street postcode postal_code zip zip_code date_of_birth dateofbirth birth_date birthdate birthday dob born"
        " national_id passport passport_number ssn social_security_number tax_number tax_id drivers_license"
        " license_number cvv cvc password",
        _taken,
    ),
}
"""By the end of a field's name, as words: of two that fit, the longer one counts."""

_THINGS = _set(
    """
    acquirer algorithm api app application article attribute bank base batch brand browser bucket bundle campaign
    carrier category channel city class cluster column component country county currency database dataset device
    district domain endpoint event feature field file folder function gateway group header host index isp issuer item
    job key language library merchant method metric model module network node operation operator os package page
    parameter path pipeline place plan platform policy pool process product program project property provider province
    queue region resource role rule schema scheme screen segment server service session site sku state station store
    stream subscription system table tag task team template tenant terminal test thread time tool topic town type
    variable vendor version zone
    """
)
_MACHINES = _set("api base bind device gateway host listen mac memory network node process server service system web")
_NOT_PERSONAL = {
    "name": _THINGS,
    "address": _MACHINES,
    "addr": _MACHINES,
    "principal": _set("loan mortgage outstanding remaining"),
    "family": _set("browser device font gateway os product protocol system"),
    "given": _set("consent permission"),
    "handle": _set("device file queue"),
}
"""By what a field's name ends with: what stands before it where it is none of a person."""
_PLACES = _set(
    """
    city cities country countries region regions town towns place places location locations locality province county
    district continent timezone zone tz
    """
)
_COUNT_BELOW = 1_000
_MAY_BE_CALLED = 7
"""Digits from which on a number may be somebody's telephone."""
_IS_TIME = re.compile(r"(?:19|20)[0-9]{2}-[01][0-9]-[0-3][0-9](?:$|[T ])|1[0-9]{9}(?:\.[0-9]+|[0-9]{3})?$")
"""In words or as seconds or milliseconds since 1970."""
_IS_PLAIN = re.compile(
    r"(?:[+-]?[0-9]+[.,][0-9]+|[+-]?[0-9]{1,6}|true|false|yes|no|none|null|unknown|n/a|)$", re.IGNORECASE
)

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_LONGEST_KEY = 200


@lru_cache(4_096)
def mask_of(key: str) -> Mask | None:
    """How the value of this field is masked; None: it is not personal, or free text."""
    words = _words(key)
    while len(words) > 1 and words[-1].isdecimal():
        words.pop()
    if words[-2:] == ["email", "address"]:
        return FIELDS["email"]
    for count in (3, 2, 1):
        ends = "_".join(words[-count:])
        singular = next(
            (each for each in (ends, ends.removesuffix("s"), ends.removesuffix("es")) if each in FIELDS), ""
        )
        if singular and len(words) >= count:
            is_another = any(word in _NOT_PERSONAL.get(singular, ()) for word in words[-count - 1 : -count])
            return None if is_another else FIELDS[singular]
    return None


@lru_cache(4_096)
def is_place(key: str) -> bool:
    """Whether this field holds a place, whatever a customer is called."""
    words = _words(key)
    return words[-2:] == ["country", "code"] or not _PLACES.isdisjoint(words[-1:])


def masked_value(mask: Mask, value: str | float) -> str | float:
    """A value of a field that holds somebody's data; times, and how many of something there are, stay."""
    if isinstance(value, bool):
        return value
    text = str(value).strip()
    if mask in _KEPT_WHOLE:
        is_count = not isinstance(value, str) and value < _COUNT_BELOW
        return value if not text or is_count else mask(text)
    if mask is not mask_ip and (_IS_PLAIN.match(text) or _IS_TIME.match(text)):
        return value
    if text.isdecimal() and len(text) >= _MAY_BE_CALLED:
        return value if mask is mask_party and not isinstance(value, str) else mask_number(text)
    return mask(text) if isinstance(value, str) and text else value


_KEPT_WHOLE = frozenset({mask_number, _taken})
"""Masks of what may be nothing but digits."""


def _words(key: str) -> list[str]:
    words: list[str] = _WORDS.findall(key[:_LONGEST_KEY])
    return " ".join(words).lower().replace("e mail", "email").split()
