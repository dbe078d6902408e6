"""The charges in an answer of the charges tool: data, read field by field; what is not legible is not known."""

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import JsonValue

from contracts.money import Money
from contracts.report import Evidence

CHARGES_TOOL = "get_recent_charges"
REFUNDABLE = "posted"
"""The only status of a charge that can be given back."""
MAX_AMOUNT = 2**53
"""Minor units. A greater amount is none: not every reader can hold it exactly."""


@dataclass(frozen=True)
class KnownCharge:
    """One charge as a record shows it."""

    status: str
    money: Money
    """What can be given back of it: its amount, less what was given back already."""
    whole: Money
    """Its amount."""


def known_charges(evidence: Iterable[Evidence]) -> dict[str, KnownCharge]:
    """The charges in recorded answers whose amount and status are legible; a later answer replaces an earlier one."""
    found: dict[str, KnownCharge] = {}
    for call in evidence:
        if call.ok and call.tool == CHARGES_TOOL:
            found.update(charges_in(call.result))
    return found


def charges_in(answer: JsonValue) -> dict[str, KnownCharge]:
    """The legible charges of one answer of the charges tool."""
    listed = answer.get("charges") if isinstance(answer, dict) else None
    pairs = (_charge(item) for item in (listed if isinstance(listed, list) else ()))
    return dict(pair for pair in pairs if pair is not None)


def _charge(item: JsonValue) -> tuple[str, KnownCharge] | None:
    if not isinstance(item, dict):
        return None
    charge_id, amount, currency = item.get("charge_id"), item.get("amount_minor"), item.get("currency")
    if not isinstance(charge_id, str) or not isinstance(amount, int) or isinstance(amount, bool):
        return None
    if abs(amount) > MAX_AMOUNT:
        return None
    if (
        not isinstance(currency, str)
        or len(currency) != 3
        or not (currency.isascii() and currency.isalpha() and currency.isupper())
    ):
        return None
    given = item.get("refunded_minor", 0)
    if not isinstance(given, int) or isinstance(given, bool) or not 0 <= given <= max(amount, 0):
        return None
    whole = Money(amount_minor=amount, currency=currency)
    rest = Money(amount_minor=amount - given, currency=currency)
    return charge_id, KnownCharge(status if isinstance(status := item.get("status"), str) else "", rest, whole)
