"""The ordinary records of a customer in four months: charges, orders, data usage, logins, tickets."""

from datetime import timedelta

from mcp_server.contoso.chance import around
from mcp_server.contoso.draft import HISTORY_DAYS, SPENDING_DAYS, Draft
from mcp_server.contoso.plans import DATA_SIM, to_minor
from mcp_server.records.ticket import Topic

# (merchant, category, price against the customer's median, bought online)
_MERCHANTS = (
    ("Northwind Grocers", "groceries", 1.2, False),
    ("Fourth Coffee", "restaurants", 0.4, False),
    ("Margie's Kitchen", "restaurants", 1.1, False),
    ("Adatum Transit", "transport", 0.5, False),
    ("Blue Yonder Fuel", "fuel", 1.5, False),
    ("City Power & Light", "household", 1.6, False),
    ("Litware Streaming", "streaming", 0.6, True),
    ("Proseware Apps", "apps", 0.5, True),
    ("Wide World Books", "books", 0.9, True),
    ("Tailwind Sports", "sports", 1.6, True),
)
_PRICE_SPREAD = 0.3
_ITEMS = (
    ("Phone case", 0.9),
    ("USB-C charger", 1.0),
    ("Wireless earbuds", 2.0),
    ("Car holder", 1.1),
    ("Power bank", 1.4),
)
_USAGE_SPREAD = 0.22
_WEEKEND = 1.15
_TICKETS: tuple[tuple[str, str, Topic], ...] = (
    ("Question about my invoice", "Why is the fee on my last invoice split over two lines?", "billing"),
    ("Slow data in the evening", "Since last week mobile data is slow at home after eight in the evening.", "network"),
    ("Which plan fits me?", "I never use up my data. Is there a smaller plan for me?", "plan"),
    ("Copy of an invoice", "Please send me a copy of last month's invoice for my tax return.", "billing"),
)


def live_ordinarily(draft: Draft) -> None:
    """Fill `draft` with an ordinary history up to its `as_of`."""
    _subscribe(draft)
    _spend(draft)
    _order(draft)
    _use_data(draft)
    _log_in(draft)
    _ask_support(draft)


def _subscribe(draft: Draft) -> None:
    person = draft.person
    draft.usual_devices.extend(person.devices)
    draft.add_subscription(person.plan, person.since, person.country.roams_in)
    if draft.chance.random() < person.habits.second_line_share:
        draft.add_subscription(DATA_SIM, person.since + timedelta(days=draft.chance.randint(20, 150)))


def _spend(draft: Draft) -> None:
    habits, country = draft.person.habits, draft.person.country
    for days_ago in range(SPENDING_DAYS, 0, -1):
        if draft.chance.random() >= habits.charges_per_month / 30:
            continue
        merchant, category, price, online = draft.chance.choice(_MERCHANTS)
        at = draft.daytime(days_ago)
        if at > draft.before(hours=12):
            continue
        amount = to_minor(around(draft.chance, habits.median_charge_usd * price, _PRICE_SPREAD), country)
        draft.add_charge(at, merchant, category, amount, device_id=draft.device() if online else None)


def _order(draft: Draft) -> None:
    habits, country = draft.person.habits, draft.person.country
    for days_ago in range(SPENDING_DAYS, 2, -1):
        if draft.chance.random() < habits.orders_per_quarter / HISTORY_DAYS:
            item, price = draft.chance.choice(_ITEMS)
            amount = to_minor(habits.median_charge_usd * price, country)
            draft.add_order(draft.daytime(days_ago), item, amount, draft.device())


def _use_data(draft: Draft) -> None:
    for days_ago in range(HISTORY_DAYS, 0, -1):
        day = draft.as_of.date() - timedelta(days=days_ago)
        weekend = _WEEKEND if day.weekday() >= 5 else 1.0
        draft.add_usage(day, around(draft.chance, draft.person.daily_gb * weekend, _USAGE_SPREAD))


def _log_in(draft: Draft) -> None:
    for days_ago in range(HISTORY_DAYS, 0, -1):
        if draft.chance.random() >= 0.4:
            continue
        at, place, device = draft.daytime(days_ago), draft.home(), draft.device()
        if at > draft.before(hours=12):
            continue
        if draft.chance.random() < 0.06:
            draft.add_security(at - timedelta(seconds=40), "login_failed", place, device)
        draft.add_security(at, "login", place, device)


def _ask_support(draft: Draft) -> None:
    if draft.chance.random() < 0.35:
        subject, body, topic = draft.chance.choice(_TICKETS)
        draft.add_ticket(draft.daytime(draft.chance.randint(8, HISTORY_DAYS - 1)), subject, body, topic)
