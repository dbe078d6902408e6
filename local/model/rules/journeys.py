"""Grounds in the records for being abroad, or for using a device that was not seen before."""

from datetime import date

from local.model.rules import thresholds
from local.model.rules.dossier import Dossier
from local.model.rules.verdict import Signal

TRAVEL_WORDS = ("roaming", "travel", "esim", "e-sim", "luggage", "adapter", "adaptor")
HANDSET_WORDS = ("phone", "pixel", "galaxy", "handset", "tablet", "ipad", "laptop", "device", "mobile", "book")


def travel_grounds(dossier: Dossier, country: str | None) -> tuple[Signal, ...]:
    """What in tickets, subscriptions and orders speaks for a journey to `country`."""
    grounds: list[Signal] = []
    if "travel" in dossier.topics:
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
    items = [order.item for order in dossier.orders if any(word in order.item.lower() for word in TRAVEL_WORDS)]
    if items:
        grounds.append(
            Signal(
                f"The customer ordered for a journey ({items[0]}).", thresholds.TRAVEL_ORDER, dossier.cite("get_orders")
            )
        )
    return tuple(grounds)


def _roaming_covers(dossier: Dossier, country: str) -> bool:
    return any(
        country in subscription.roaming_countries and not _over(subscription.roaming_until, dossier.as_of.date())
        for subscription in dossier.subscriptions
    )


def _over(until: str | None, today: date) -> bool:
    try:
        return until is not None and date.fromisoformat(until[:10]) < today
    except ValueError:
        return False


def explains_new_device(dossier: Dossier, device_id: str | None) -> tuple[str, ...]:
    """Evidence ids of the order or ticket that explains an unfamiliar device; empty when nothing does.

    An order explains it only when the goods went to the customer's own country.
    """
    own = dossier.customer.own_countries if dossier.customer else frozenset[str]()
    if device_id is not None and any(
        order.device_id == device_id and order.ship_to_country in own and is_handset(order.item)
        for order in dossier.orders
    ):
        return dossier.cite("get_orders")
    if "new_device" in dossier.topics:
        return dossier.cite("get_support_tickets")
    return ()


def is_own_device(dossier: Dossier, device_id: str | None) -> bool:
    """Whether the customer's profile lists the device, or the records explain it as a new one of theirs."""
    listed = dossier.customer.device_ids if dossier.customer else frozenset[str]()
    return device_id in listed or bool(explains_new_device(dossier, device_id))


def is_handset(item: str) -> bool:
    """Whether an ordered item is something that one logs in from."""
    return any(word in item.lower() for word in HANDSET_WORDS)
