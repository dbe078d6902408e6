"""Innocent causes of suspicious telemetry, each with the records that show it."""

from datetime import timedelta

from mcp_server.contoso.draft import Draft
from mcp_server.contoso.plans import FAMILY, ROAMING, to_minor
from mcp_server.contoso.stories.elements import abroad, story, strange_device
from mcp_server.records.customer import Device
from mcp_server.records.profile import Story


def travel(draft: Draft) -> Story:
    """Announced to support, roaming bought, flight, airport and hotel paid by card, login from the usual phone."""
    place = abroad(draft, visitor=True)
    phone = draft.usual_devices[0].device_id
    country, home_country = place.country, draft.person.country
    draft.leave_home(draft.before(days=2, hours=3))
    draft.add_ticket(
        draft.before(days=6),
        f"Travelling to {place.city.name}",
        f"I am flying to {place.city.name}, {country.name} this week and stay for ten days. "
        "Which roaming package do I need so that my phone works there?",
        "travel",
    )
    draft.add_subscription(
        ROAMING, draft.before(days=5).date(), (country.code,), (draft.as_of + timedelta(days=25)).date()
    )
    draft.add_security(draft.before(days=5, minutes=10), "login", draft.home(), phone)
    draft.add_charge(
        draft.before(days=21), "Blue Yonder Airlines", "travel", to_minor(140, home_country), device_id=phone
    )
    draft.add_charge(draft.before(days=2, hours=1), "Airport Coffee", "restaurants", to_minor(9, home_country))
    arrived = draft.before(days=1, hours=9)
    charges = [
        draft.add_charge(arrived, "Airport Taxi", "transport", _modest(draft, 1.5), country=country.code),
        draft.add_charge(
            arrived + timedelta(hours=1), "Margie's Hotel", "hotel", _modest(draft, 2.5), country=country.code
        ),
        draft.add_charge(
            draft.before(hours=5), "Harbour Restaurant", "restaurants", _modest(draft, 1.3), country=country.code
        ),
    ]  # fmt: skip
    yesterday = draft.as_of.date() - timedelta(days=1)
    draft.add_usage(yesterday, min(draft.person.daily_gb, 1.5) * 0.6, roaming_country=country.code)
    # The family's tablet stayed at home: both logins are known devices, which explains the impossible speed.
    tablet = Device(device_id=f"dev-{draft.person.customer_id:04}-9", name="Adatum Tablet 11 (living room)")
    draft.usual_devices.append(tablet)
    draft.add_security(draft.before(hours=4), "login", draft.home(), tablet.device_id)
    draft.add_security(draft.before(hours=3), "login", place, phone)
    return story(draft, "travel", "login", place, phone, charges=charges)


def new_device(draft: Draft) -> Story:
    """A phone ordered to the home address, a few wrong passwords on it, then approved from the old one."""
    home, old_phone = draft.home(), draft.usual_devices[0].device_id
    device = Device(device_id=strange_device(draft), name="Fabrikam Phone 15")
    ordered = draft.before(days=6, hours=2)
    draft.add_security(ordered - timedelta(minutes=12), "login", home, old_phone)
    charge = draft.add_order(ordered, device.name, to_minor(649, draft.person.country), old_phone)
    draft.add_ticket(
        draft.before(days=1, hours=3),
        "Moving to my new phone",
        f"My new {device.name} has arrived. How do I move my number and the app over to it?",
        "new_device",
    )
    start = draft.before(hours=7)
    draft.add_security(start, "login", home, old_phone)
    failures = draft.chance.randint(4, 6)
    for n in range(failures):
        draft.add_security(
            start + timedelta(minutes=9, seconds=40 * n), "login_failed", home, device.device_id, known=False
        )
    draft.add_security(start + timedelta(minutes=14), "device_added", home, old_phone)
    draft.add_security(start + timedelta(minutes=16), "login", home, device.device_id)
    draft.usual_devices.append(device)
    return story(draft, "new_device", "auth_failure", home, device.device_id, charges=[charge], auth_failures=failures)


def gift_season(draft: Draft) -> Story:
    """A day of presents, dearer than usual, ordered from the usual device at home and sent home."""
    home, device = draft.home(), draft.usual_devices[0].device_id
    start = draft.before(hours=draft.chance.uniform(5, 9))
    draft.add_security(start - timedelta(minutes=5), "login", home, device)
    draft.add_ticket(
        draft.before(days=1, hours=2),
        "Gift receipts",
        "I am buying birthday and wedding presents for my family tomorrow. Can you leave the prices off the parcels?",
        "gift",
    )
    presents = (("Tablet for children", 4.0), ("Smart watch", 6.0), ("Wireless headphones", 5.0), ("Game console", 7.0))
    charges = [
        draft.add_order(
            start + timedelta(minutes=13 * n), item, _modest(draft, times), device, merchant="Tailspin Toys & Gifts"
        )
        for n, (item, times) in enumerate(presents)
    ]
    return story(draft, "gift_season", "transaction", home, device, charges=charges)


def family_plan(draft: Draft) -> Story:
    """The family moved onto one big plan twelve days ago; since then the line carries all of them, below its cap."""
    home, phone = draft.home(), draft.usual_devices[0].device_id
    start = draft.before(days=12)
    draft.end_subscription()
    draft.add_ticket(
        draft.before(days=13),
        "One plan for the whole family",
        "Please move us to the family plan. My partner and our two children will use data on my line from now on.",
        "family_plan",
    )
    draft.add_subscription(FAMILY, start.date(), draft.person.country.roams_in)
    draft.add_security(start, "login", home, phone)
    for n, name in enumerate(("Partner's phone", "First child's phone", "Second child's phone"), start=1):
        draft.add_security(start + timedelta(minutes=7 * n), "device_added", home, phone)
        number = len(draft.usual_devices) + 1
        draft.usual_devices.append(Device(device_id=f"dev-{draft.person.customer_id:04}-{number}", name=name))
    daily = round(draft.person.daily_gb * 5, 2)
    for days_ago in range(11, 0, -1):
        draft.add_usage(draft.as_of.date() - timedelta(days=days_ago), daily * draft.chance.uniform(0.85, 1.1))
    return story(draft, "family_plan", "data_usage", home, phone, gb=daily)


def streaming_binge(draft: Draft) -> Story:
    """A season ticket for a streaming service and four long evenings on an unlimited plan, at home."""
    home, device = draft.home(), draft.usual_devices[0].device_id
    start = draft.before(days=5)
    draft.add_security(start - timedelta(minutes=3), "login", home, device)
    charge = draft.add_charge(start, "Litware Streaming", "streaming", _modest(draft, 0.8), device_id=device)
    daily = round(draft.person.daily_gb * 6, 1)
    for days_ago in range(4, 0, -1):
        draft.add_usage(draft.as_of.date() - timedelta(days=days_ago), daily * draft.chance.uniform(0.85, 1.1))
    return story(draft, "streaming_binge", "data_usage", home, device, charges=[charge], gb=daily)


def forgotten_password(draft: Draft) -> Story:
    """Wrong passwords from the usual phone at home, a reset, and a sigh to support."""
    home, phone = draft.home(), draft.usual_devices[0].device_id
    start = draft.before(hours=draft.chance.uniform(3, 6))
    failures = draft.chance.randint(6, 9)
    for n in range(failures):
        draft.add_security(start + timedelta(seconds=35 * n), "login_failed", home, phone)
    draft.add_security(start + timedelta(minutes=8), "password_reset", home, phone)
    draft.add_security(start + timedelta(minutes=9), "login", home, phone)
    draft.add_ticket(
        start + timedelta(minutes=30),
        "Forgot my password",
        "I tried all my old passwords before I reset it. It works again now. Please do not lock me out for that.",
        "password",
    )
    return story(draft, "forgotten_password", "auth_failure", home, phone, auth_failures=failures)


def _modest(draft: Draft, times: float) -> int:
    """A multiple of what the customer usually pays."""
    usd = draft.person.habits.median_charge_usd * times * draft.chance.uniform(0.9, 1.1)
    return to_minor(usd, draft.person.country)
