"""The amounts of a regulatory report, in minor units: read as they were recorded, never rounded or guessed. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import cast

from pydantic import JsonValue, TypeAdapter, ValidationError

from casebook.audit.reported_sources import Sources
from contracts.actions import REFUNDS
from contracts.base import UtcDateTime
from contracts.charges import CHARGES_TOOL
from contracts.effect import Effect
from contracts.fraud_case import FraudCaseView
from contracts.money import Money, minor_digits
from contracts.refunds import total_of
from contracts.regulatory_report import Amounts, ReportedAmount
from contracts.telemetry import TransactionEvent

_INSTANT: TypeAdapter[datetime] = TypeAdapter(UtcDateTime)


def amounts_of(case: FraudCaseView, sources: Sources) -> Amounts:
    """The charges that the last round found suspicious, and the transactions that raised the alerts."""
    found = _suspicious_ids(case)
    recorded = dict(_recorded_charges(sources))
    charges = None if found is None else tuple(recorded[each] for each in found if each in recorded)
    unrecorded = tuple(each for each in found or () if each not in recorded)
    transactions = tuple(_transaction(event) for event in sources.triggers if isinstance(event, TransactionEvent))
    return Amounts(
        charges=charges,
        unrecorded_charge_ids=unrecorded,
        charges_total=None if charges is None or unrecorded else total(charges),
        transactions=transactions,
        transactions_total=total(transactions),
    )


def total(amounts: Sequence[ReportedAmount]) -> tuple[Money, ...] | None:
    """What the amounts add up to, by currency in alphabetical order; None when one of them is not known."""
    known = [each.money for each in amounts if each.money is not None]
    return total_of(known) if len(known) == len(amounts) else None


def refunded(effect: Effect) -> Money | None:
    """What the store says that it gave back; None for anything else than a refund that was done."""
    if effect.status != "done" or effect.action not in REFUNDS:
        return None
    return _money(effect.result or {})


def _suspicious_ids(case: FraudCaseView) -> Sequence[str] | None:
    """The charges that the reports of the last round name; None when nobody examined charges."""
    if not any(report.specialist == "billing" and report.status == "ok" for report in case.reports):
        return None
    return [*dict.fromkeys(charge for report in case.reports for charge in report.suspicious_charge_ids)]


def _recorded_charges(sources: Sources) -> Iterator[tuple[str, ReportedAmount]]:
    """All charges in the answers of the store, by id; a later answer replaces an earlier one."""
    for call in sources.answers(CHARGES_TOOL):
        listed = call.result.get("charges") if isinstance(call.result, dict) else None
        for item in listed if isinstance(listed, list) else ():
            if isinstance(item, dict) and isinstance(charge_id := item.get("charge_id"), str):
                merchant = item.get("merchant")
                yield (
                    charge_id,
                    ReportedAmount(
                        reference=charge_id,
                        at=_instant(item.get("at")),
                        money=_money(item),
                        merchant=merchant if isinstance(merchant, str) else None,
                        evidence_ids=(call.evidence_id,),
                    ),
                )


def _transaction(event: TransactionEvent) -> ReportedAmount:
    said = event.attributes
    minor = said.amount.scaleb(minor_digits(said.currency))
    is_exact = minor == minor.to_integral_value()
    return ReportedAmount(
        reference=event.event_id,
        at=event.occurred_at,
        money=Money(amount_minor=int(minor), currency=said.currency) if is_exact else None,
        merchant=said.merchant,
        evidence_ids=(event.event_id,),
    )


def _money(said: Mapping[str, JsonValue]) -> Money | None:
    amount = said.get("amount_minor")
    if not isinstance(amount, int) or isinstance(amount, bool):
        return None
    try:
        return Money(amount_minor=amount, currency=cast("str", said.get("currency")))
    except ValidationError:
        return None


def _instant(said: JsonValue) -> datetime | None:
    try:
        return _INSTANT.validate_python(said) if isinstance(said, str) else None
    except ValidationError:
        return None
