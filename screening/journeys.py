"""Reasons in the records for being abroad, or for using a new device."""

from datetime import date, datetime, timedelta

from screening import thresholds
from screening.dates import day_of, days_before
from screening.dossier import Dossier
from screening.records import Order
from screening.verdict import Signal

STAFF_TERMINAL = "dev-staff-"
"""How the ids of the terminals of Contoso's staff begin."""
TRAVEL_WORDS = ("roaming", "travel", "esim", "e-sim", "luggage", "adapter", "adaptor")
HANDSET_WORDS = ("phone", "pixel", "galaxy", "handset", "tablet", "ipad", "laptop", "device", "mobile", "book")


def travel_grounds(dossier: Dossier, country: str | None) -> tuple[Signal, ...]:
    """What in tickets, subscriptions and orders speaks for a journey to `country`."""
    grounds: list[Signal] = []
    if "travel" in dossier.announced:
        grounds.append(
            Signal(
                "The customer announced a journey in a support ticket.",
                thresholds.TRAVEL_TICKET,
                dossier.cite("get_support_tickets"),
            )
        )
    if country is not None and _roaming_covers(dossier, country):
        grounds.append(
            Signal(f"A roaming package covers {country}.", thresholds.ROAMING_COVERS, dossier.cite("get_subscriptions"))
        )
    if country is not None and (ended := _just_ended(dossier, country)):
        grounds.append(
            Signal(
                f"A roaming package for {country} ended on {ended}, a few days ago.",
                thresholds.PACKAGE_ENDED,
                dossier.cite("get_subscriptions"),
            )
        )
    if country is not None and (days := _earlier_days(dossier, country)):
        grounds.append(
            Signal(
                f"The customer's own devices logged in from {country} on {days} earlier days, and no fraud followed.",
                thresholds.FAMILIAR_PLACE,
                dossier.cite("get_security_logs"),
            )
        )
    items = [
        order.item
        for order in dossier.orders
        if dossier.is_older(order.ordered_at)
        and any(word in order.item.lower() for word in TRAVEL_WORDS)
        and _ordered_by_the_customer(dossier, order)
    ]
    if items:
        grounds.append(
            Signal(
                f"The customer ordered for a journey ({items[0]}).", thresholds.TRAVEL_ORDER, dossier.cite("get_orders")
            )
        )
    return tuple(grounds)


def _ordered_by_the_customer(dossier: Dossier, order: Order) -> bool:
    """Whether an own device placed it, one that the log never knew as a stranger's: anybody can order an adapter."""
    listed = dossier.customer.device_ids if dossier.customer else frozenset[str]()
    uses = [entry for entry in dossier.security if entry.device_id == order.device_id]
    return order.device_id in listed and all(entry.known_device for entry in uses)


def _roaming_covers(dossier: Dossier, country: str) -> bool:
    return any(
        country in subscription.roaming_countries
        and dossier.is_older_day(subscription.started_on)
        and not _over(subscription.roaming_until, dossier.as_of.date())
        for subscription in dossier.subscriptions
    )


def _just_ended(dossier: Dossier, country: str) -> str | None:
    """The last day of a package for `country` that ended in the last PACKAGE_ECHO_DAYS days."""
    today = dossier.as_of.date()
    ends = (
        plan.roaming_until
        for plan in dossier.subscriptions
        if country in plan.roaming_countries and dossier.is_older_day(plan.started_on)
    )
    earliest = days_before(today, thresholds.PACKAGE_ECHO_DAYS)
    return next((end for end in ends if end and _over(end, today) and not _over(end, earliest)), None)


def _earlier_days(dossier: Dossier, country: str) -> int:
    """On how many days known devices were in `country` before the day of the alert; 0 when too few to be a habit."""
    today = dossier.began.date()
    days = {
        entry.at.date()
        for entry in dossier.security
        if entry.event == "login" and entry.known_device and entry.country == country and entry.at.date() < today
    }
    habit = len(days) >= thresholds.FAMILIAR_PLACE_DAYS
    return len(days) if habit and (today - min(days)).days >= thresholds.FAMILIAR_PLACE_SINCE_DAYS else 0


def _over(until: str | None, today: date) -> bool:
    if until is None:
        return False
    end = day_of(until)
    return end is None or end < today


def explains_new_device(dossier: Dossier, device_id: str | None) -> tuple[str, ...]:
    """Evidence ids of the orders and tickets that explain an unfamiliar device; empty when nothing does.

    An order explains it when one of the customer's own devices placed it and the goods went to the customer's own
    country; a ticket, when it says so. Both only when they came before the device was first seen, and neither
    explains a device abroad of which no journey was announced, nor a terminal of the staff.
    """
    if device_id is None or device_id.startswith(STAFF_TERMINAL):
        return ()
    customer = dossier.customer
    own = customer.own_countries if customer else frozenset[str]()
    uses = [entry for entry in dossier.security if entry.device_id == device_id]
    first = min((entry.at for entry in uses), default=None)
    if any(entry.country not in own for entry in uses) and not dossier.told_before(first, "travel"):
        return ()
    ordered = any(
        customer is not None
        and order.device_id in customer.device_ids
        and order.device_id != device_id
        and order.ship_to_country in own
        and is_handset(order.item)
        and dossier.is_older(order.ordered_at)
        and _came_before(order.ordered_at, first)
        for order in dossier.orders
    )
    told = dossier.told_before(first, "new_device", within_days=thresholds.NEW_DEVICE_DAYS)
    return (
        *(dossier.cite("get_orders") if ordered else ()),
        *(dossier.cite("get_support_tickets") if told else ()),
    )


def _came_before(ordered_at: datetime | None, first: datetime | None) -> bool:
    if ordered_at is None:
        return False
    if first is None:
        return True
    return timedelta() <= first - ordered_at <= timedelta(days=thresholds.NEW_DEVICE_DAYS)


def is_own_device(dossier: Dossier, device_id: str | None) -> bool:
    """Whether the customer's profile lists the device, or the records explain it as a new one of theirs."""
    listed = dossier.customer.device_ids if dossier.customer else frozenset[str]()
    return device_id in listed or bool(explains_new_device(dossier, device_id))


def is_handset(item: str) -> bool:
    """Whether an ordered item is something that one logs in from."""
    return any(word in item.lower() for word in HANDSET_WORDS)
