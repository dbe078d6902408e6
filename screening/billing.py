"""The rules of the billing specialist: which charges are not the customer's own, and where the goods went."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from contracts.money import in_major_units, minor_digits
from contracts.telemetry import LoginEvent, TransactionEvent
from screening import thresholds
from screening.dossier import Dossier, cite_events
from screening.records import Charge, Order
from screening.verdict import Judgement, Signal

NAMED_CHARGES = 5
TRAVEL_CATEGORIES = frozenset({"travel", "hotel", "restaurants", "transport", "fuel", "groceries"})
"""What one pays for on a journey, however much it is."""


@dataclass(frozen=True)
class SuspiciousCharge:
    """One charge with the points against it, and their reasons."""

    charge: Charge
    points: int
    reasons: tuple[str, ...]


def judge_billing(dossier: Dossier) -> Judgement:
    """Signals from charges, orders, disputes and unpaid invoices."""
    suspicious = _suspicious(dossier)
    signals = (
        *_suspicious_charges(dossier, suspicious),
        *_contradicted_disputes(dossier),
        *_alert_spending(dossier, suspicious),
        *_goods_sent_abroad(dossier),
        *_innocent_spending(dossier, suspicious),
        *_standing(dossier),
    )
    if not suspicious and dossier.charges and not any(signal.weight > 0 for signal in signals):
        signals = (_ordinary(dossier), *signals)
    ids = tuple(suspicion.charge.charge_id for suspicion in suspicious)
    return Judgement(signals, _missing(dossier), ids)


def _suspicious(dossier: Dossier) -> list[SuspiciousCharge]:
    """Charges with enough points, and those of the same spree: abroad, in the same country, within a day."""
    suspected = [_suspect(dossier, charge) for charge in dossier.charges]
    certain = [suspicion.charge for suspicion in suspected if suspicion.points >= thresholds.SUSPICIOUS_FROM]
    found: list[SuspiciousCharge] = []
    for suspicion in suspected:
        points, reasons = suspicion.points, suspicion.reasons
        if 0 < points < thresholds.SUSPICIOUS_FROM and _is_same_spree(dossier, suspicion.charge, certain):
            points, reasons = points + thresholds.SUSPICION_SAME_SPREE, (*reasons, "in the same spree")
        if points >= thresholds.SUSPICIOUS_FROM:
            found.append(SuspiciousCharge(suspicion.charge, points, reasons))
    return found


def _is_same_spree(dossier: Dossier, charge: Charge, certain: Sequence[Charge]) -> bool:
    own = dossier.customer.own_countries if dossier.customer else frozenset[str]()
    within = timedelta(hours=thresholds.SPREE_HOURS)
    return charge.country not in own and any(
        other.country == charge.country and abs(other.at - charge.at) <= within for other in certain
    )


def _missing(dossier: Dossier) -> str | None:
    if dossier.customer is None:
        return "There is no customer record to compare the charges with."
    if dossier.is_neutral:
        return "Nothing is on record about what this customer usually spends."
    if not dossier.charges:
        return "No recent charge is on record for this customer."
    return None


def _usual_amount(dossier: Dossier) -> float | None:
    amounts = [charge.amount_minor for charge in dossier.charges]
    return median(amounts) if len(amounts) >= thresholds.CHARGES_FOR_A_MEDIAN else None


def _suspect(dossier: Dossier, charge: Charge) -> SuspiciousCharge:
    """Adds up what speaks against a charge; a refunded or explained one has no points."""
    if charge.status == "refunded" or _explained(dossier, charge):
        return SuspiciousCharge(charge, 0, ())
    customer, usual = dossier.customer, _usual_amount(dossier)
    own = customer.own_countries if customer else frozenset[str]()
    named = {e.attributes.charge_id for e in dossier.triggers if isinstance(e, TransactionEvent)}
    is_foreign = bool(own) and charge.country is not None and charge.country not in own
    is_strange = bool(customer and customer.device_ids and charge.device_id not in {None, *customer.device_ids})
    checks = (
        (is_foreign and not charge.card_present, thresholds.SUSPICION_FOREIGN_REMOTE, f"remote in {charge.country}"),
        (is_foreign and charge.card_present, thresholds.SUSPICION_FOREIGN_PRESENT, f"in {charge.country}"),
        (_is_large(charge, usual), thresholds.SUSPICION_LARGE, "far above the usual amount"),
        (is_strange, thresholds.SUSPICION_STRANGE_DEVICE, "from a device that is not the customer's"),
        (charge.status == "disputed", thresholds.SUSPICION_DISPUTED, "disputed"),
        (charge.charge_id in named, thresholds.SUSPICION_IN_ALERT, "named in the alert"),
    )
    matched = [(points, reason) for holds, points, reason in checks if holds]
    return SuspiciousCharge(charge, sum(points for points, _ in matched), tuple(reason for _, reason in matched))


def _is_large(charge: Charge, usual: float | None) -> bool:
    return usual is not None and charge.amount_minor >= thresholds.LARGE_CHARGE_FACTOR * usual


def _explained(dossier: Dossier, charge: Charge) -> bool:
    """Whether the customer's own doing, announced or sent home, explains a charge.

    An announced journey explains what was paid there with the card, unless it is large and nothing that travellers
    pay for. Gifts and a family plan that were spoken of before explain what the own devices, or the card at home,
    paid for. Goods sent to the customer's own country are explained unless a stranger's device ordered them.
    """
    if charge.status == "disputed":
        return _is_contradicted(dossier, charge)
    ordinary = charge.category in TRAVEL_CATEGORIES or not _is_large(charge, _usual_amount(dossier))
    if dossier.told_before(charge.at, "travel") and charge.card_present and ordinary:
        return True
    known = dossier.customer.device_ids if dossier.customer else frozenset[str]()
    own = dossier.customer.own_countries if dossier.customer else frozenset[str]()
    is_own = charge.device_id in known or (charge.card_present and charge.country in own)
    if is_own and dossier.told_before(charge.at, "gift", "family_plan"):
        return True
    return charge.device_id in {None, *known} and any(_pays_for(charge, order) for order in _sent_home(dossier))


def _is_contradicted(dossier: Dossier, charge: Charge) -> bool:
    """Whether the customer disputes what one of their own devices did."""
    known = dossier.customer.device_ids if dossier.customer else frozenset[str]()
    return charge.status == "disputed" and charge.device_id in known


def _contradicted_disputes(dossier: Dossier) -> Iterator[Signal]:
    """Charges that must not be refunded: the records contradict the dispute. A habit of disputing weighs more."""
    charges = [charge for charge in dossier.charges if _is_contradicted(dossier, charge)]
    if not charges:
        return
    delivered = [charge for charge in charges if any(_pays_for(charge, order) for order in _sent_home(dossier))]
    orders = dossier.cite("get_orders") if delivered else ()
    sent = f", and {len(delivered)} of the goods went to their own country" if delivered else ""
    tickets = dossier.cite("get_support_tickets")
    yield Signal(
        f"The customer disputes {', '.join(charge.charge_id for charge in charges[:NAMED_CHARGES])}, "
        f"which their own device ordered{sent}: not to be refunded.",
        thresholds.DISPUTE_CONTRADICTED,
        (*dossier.cite("get_recent_charges", "get_customer"), *orders, *tickets),
    )
    complaints = sum("dispute" in ticket.topics for ticket in dossier.tickets)
    if complaints >= thresholds.DISPUTES_OF_A_HABIT:
        yield Signal(f"It is one of {complaints} disputes.", thresholds.DISPUTES_REPEATED, tickets)


def _pays_for(charge: Charge, order: Order) -> bool:
    if order.charge_id is not None:
        return order.charge_id == charge.charge_id
    return order.amount_minor == charge.amount_minor


def _sent_home(dossier: Dossier) -> list[Order]:
    own = dossier.customer.own_countries if dossier.customer else frozenset[str]()
    return [order for order in dossier.orders if order.ship_to_country in own]


def _suspicious_charges(dossier: Dossier, suspicious: Sequence[SuspiciousCharge]) -> Iterator[Signal]:
    if not suspicious:
        return
    cited = dossier.cite("get_recent_charges", "get_customer")
    named = "; ".join(_describe(suspicion) for suspicion in suspicious[:NAMED_CHARGES])
    more = f"; and {len(suspicious) - NAMED_CHARGES} more" if len(suspicious) > NAMED_CHARGES else ""
    several = len(suspicious) > 1
    yield Signal(
        f"{len(suspicious)} suspicious charge{'s' if several else ''}: {named}{more}.",
        thresholds.SEVERAL_SUSPICIOUS_CHARGES if several else thresholds.ONE_SUSPICIOUS_CHARGE,
        cited,
    )
    if "dispute" in dossier.topics or any(suspicion.charge.status == "disputed" for suspicion in suspicious):
        yield Signal(
            "The customer disputes charges.",
            thresholds.CHARGE_DISPUTED,
            (*dossier.cite("get_support_tickets"), *cited),
        )
    logins = [event for event in dossier.events if isinstance(event, LoginEvent)]
    abroad = {suspicion.charge.country for suspicion in suspicious}
    after = [login for login in logins if login.attributes.country in abroad]
    own = dossier.customer.own_countries if dossier.customer else frozenset[str]()
    if own and any(login.attributes.country not in own for login in after):
        yield Signal(
            "They come from the country of the login that the alert shows.",
            thresholds.CHARGES_AFTER_FOREIGN_LOGIN,
            (*cited, *cite_events(after)),
        )


def _describe(suspicion: SuspiciousCharge) -> str:
    charge = suspicion.charge
    amount = _amount(charge)
    return (
        f"{charge.charge_id} ({amount} at {charge.merchant or 'an unnamed merchant'}, {', '.join(suspicion.reasons)})"
    )


def _amount(charge: Charge) -> str:
    major = in_major_units(charge.amount_minor, charge.currency or "")
    return f"{major} {charge.currency or ''}".strip()


def _alert_spending(dossier: Dossier, suspicious: Sequence[SuspiciousCharge]) -> Iterator[Signal]:
    """The transactions that the alert itself shows, when the charges on record do not explain them."""
    shown = [event for event in dossier.triggers if isinstance(event, TransactionEvent)]
    baseline = dossier.alert.baseline
    if not shown or _spending_explained(dossier):
        return
    own = dossier.customer.own_countries if dossier.customer else frozenset[str]()
    abroad = [event for event in shown if own and event.attributes.country and event.attributes.country not in own]
    times = baseline.observed / baseline.expected if baseline and baseline.expected else None
    size = ""
    if baseline and baseline.expected and baseline.observed > baseline.expected:
        digits = minor_digits(shown[0].attributes.currency)
        size = f", {baseline.observed:.{digits}f} where {baseline.expected:.{digits}f} is expected,"
    where = f" in {abroad[0].attributes.country}" if abroad else ""
    weight = thresholds.SPIKE_UNEXPLAINED
    if dossier.is_neutral and times is not None and times >= thresholds.LARGE_CHARGE_FACTOR:
        weight = thresholds.ENOUGH_FROM_ALERT
    if not suspicious or dossier.is_neutral:
        yield Signal(f"The alert's spending{where}{size} is explained by no record.", weight, cite_events(shown))


def _spending_explained(dossier: Dossier) -> bool:
    return bool({"travel", "gift", "family_plan"} & dossier.announced)


def _goods_sent_abroad(dossier: Dossier) -> Iterator[Signal]:
    customer = dossier.customer
    if customer is None or not customer.own_countries:
        return
    gone = [
        order
        for order in dossier.orders
        if order.ship_to_country and order.ship_to_country not in customer.own_countries
    ]
    if gone and dossier.billing and dossier.billing.overdue_invoices >= thresholds.OVERDUE_INVOICES:
        yield Signal(
            f"Goods went to {gone[-1].ship_to_country} while invoices were not paid.",
            thresholds.UNPAID_AND_SENT_ABROAD,
            dossier.cite("get_orders", "get_billing_summary"),
        )
    away = [order for order in gone if order.device_id not in customer.device_ids]
    if away:
        yield Signal(
            f"{len(away)} order{'s' if len(away) > 1 else ''} went to {away[-1].ship_to_country}, "
            "not placed from a device of the customer's.",
            thresholds.GOODS_SENT_ABROAD,
            dossier.cite("get_orders"),
        )


def _innocent_spending(dossier: Dossier, suspicious: Sequence[SuspiciousCharge]) -> Iterator[Signal]:
    """Reasons for spending more; they count only when no charge remains suspicious or is wrongly disputed."""
    if suspicious or any(_is_contradicted(dossier, charge) for charge in dossier.charges):
        return
    usual = _usual_amount(dossier)
    home = [order for order in _sent_home(dossier) if _charge_of(dossier, order) is not None]
    large = [order for order in home if usual is not None and order.amount_minor >= usual]
    if dossier.told_before(None, "gift"):
        yield Signal(
            "The customer spoke of gifts, and all that was bought since is from their own devices or card.",
            thresholds.GIFTS_ANNOUNCED,
            dossier.cite("get_support_tickets", "get_recent_charges", *(["get_orders"] if dossier.orders else [])),
        )
    elif len(large) > 1:
        yield Signal(
            f"{len(home)} charges are orders that were sent to the customer's own country.",
            thresholds.ORDERS_SENT_HOME,
            dossier.cite("get_orders", "get_recent_charges"),
        )
    if "travel" in dossier.announced:
        yield Signal(
            "The customer announced a journey, and no charge abroad was made without the card.",
            thresholds.TRAVEL_CHARGES,
            dossier.cite("get_support_tickets", "get_recent_charges"),
        )
    if "family_plan" in dossier.announced:
        yield Signal(
            "The customer took a family plan, which raises what is due.",
            thresholds.FAMILY_PLAN,
            dossier.cite("get_support_tickets"),
        )


def _charge_of(dossier: Dossier, order: Order) -> Charge | None:
    return next((charge for charge in dossier.charges if _pays_for(charge, order)), None)


def _standing(dossier: Dossier) -> Iterator[Signal]:
    billing = dossier.billing
    if billing is None:
        return
    cited = dossier.cite("get_billing_summary")
    if billing.overdue_invoices >= thresholds.OVERDUE_INVOICES:
        yield Signal(f"{billing.overdue_invoices} invoices are overdue.", thresholds.INVOICES_OVERDUE, cited)
    elif billing.autopay and billing.overdue_invoices == 0:
        yield Signal("All invoices are paid, automatically.", thresholds.GOOD_STANDING, cited)


def _ordinary(dossier: Dossier) -> Signal:
    return Signal(
        f"None of {len(dossier.charges)} recent charges stands out by place, amount or device.",
        thresholds.CHARGES_ORDINARY,
        dossier.cite("get_customer", "get_recent_charges"),
    )
