"""What is personal: the one declaration, by field of a record.

Records of the tools (`mcp_server/records`), arguments of their calls, attributes of telemetry with whatever else
real systems send, and telemetry that could not be read. A field is told by its own name: `client_ip` is an `ip`.
Ids, places and times are not personal here: the rules are about them.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from runtime.masks import CUT, mask_email, mask_ip, mask_name, mask_number, mask_word

Mask = Callable[[str], str]


def _taken(_: str) -> str:
    return CUT


def mask_account(value: str) -> str:
    """Who an account belongs to, as systems write it: an e-mail address, or a name."""
    return mask_email(value) if "@" in value else mask_name(value) if " " in value.strip() else mask_word(value)


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
    "ip_address": mask_ip,
    "remote_addr": mask_ip,
    "x_forwarded_for": mask_ip,
    "username": mask_account,
    "login": mask_account,
    "account_name": mask_account,
    "upn": mask_account,
    "surname": mask_account,
    "firstname": mask_account,
    "lastname": mask_account,
    "fullname": mask_account,
    "cardholder": mask_account,
    "account_holder": mask_account,
    "payee": mask_account,
    "recipient": mask_account,
    "beneficiary": mask_account,
    "phone": mask_number,
    "telephone": mask_number,
    "mobile": mask_number,
    "msisdn": mask_number,
    "phone_number": mask_number,
    "mobile_number": mask_number,
    "card_number": mask_number,
    "pan": mask_number,
    "iban": mask_number,
    "account_number": mask_number,
    "imsi": mask_number,
    "imei": mask_number,
    "address": _taken,
    "street": _taken,
    "postcode": _taken,
    "postal_code": _taken,
    "zip": _taken,
    "zip_code": _taken,
    "date_of_birth": _taken,
    "birth_date": _taken,
    "birthday": _taken,
    "dob": _taken,
    "national_id": _taken,
    "passport": _taken,
    "passport_number": _taken,
    "ssn": _taken,
    "tax_number": _taken,
}
"""By the end of a field's name, as words: of two that fit, the longer one counts."""

NOT_PERSONAL = frozenset(
    {
        "device_name",
        "event_name",
        "operation_name",
        "plan_name",
        "merchant_name",
        "metric_name",
        "service_name",
        "host_name",
        "region_name",
        "country_name",
        "city_name",
        "mac_address",
    }
)
"""Names that end as a personal field does."""

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_LONGEST_KEY = 200


@lru_cache(4_096)
def mask_of(key: str) -> Mask | None:
    """How the value of this field is masked; None: it is not personal, or free text."""
    words = [word.lower() for word in _WORDS.findall(key[:_LONGEST_KEY])]
    if "e mail" in " ".join(words):
        words = " ".join(words).replace("e mail", "email").split()
    if "_".join(words) in NOT_PERSONAL or "_".join(words[-2:]) in NOT_PERSONAL:
        return None
    if words[-2:] == ["email", "address"]:
        return FIELDS["email"]
    for count in (3, 2, 1):
        end = "_".join(words[-count:])
        found = FIELDS.get(end) or FIELDS.get(end.removesuffix("s"))
        if found is not None and len(words) >= count:
            return found
    return None
