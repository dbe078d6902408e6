"""Frauds, each consistent in every record that it affects, in the hours or days before `as_of`."""

from datetime import timedelta

from mcp_server.contoso.draft import Draft
from mcp_server.contoso.plans import BASIC, to_minor
from mcp_server.contoso.stories.elements import abroad, anonymous, story, strange_device
from mcp_server.records.profile import Story


def account_takeover(draft: Draft) -> Story:
    """Guessed passwords, a reset and a new e-mail address from a strange device abroad, then goods sent there."""
    place, device = abroad(draft, visitor=False), strange_device(draft)
    start = draft.before(hours=draft.chance.uniform(4, 8))
    failures = draft.chance.randint(6, 10)
    for n in range(failures):
        draft.add_security(start + timedelta(seconds=50 * n), "login_failed", place, device, known=False)
    draft.add_security(start + timedelta(minutes=12), "password_reset", place, device, known=False)
    draft.add_security(start + timedelta(minutes=14), "login", place, device, known=False)
    draft.add_security(start + timedelta(minutes=16), "email_changed", place, device, known=False)
    draft.email = f"{device}@mailbox.example"
    draft.add_security(start + timedelta(minutes=17), "device_added", place, device, known=False)
    charges = [
        draft.add_order(
            start + timedelta(minutes=25 + 9 * n), item, _price(draft, usd), device, ship_to=place.country.code
        )
        for n, (item, usd) in enumerate((("Fabrikam Phone 14 Pro", 1099), ("Proseware Note 10", 899)))
    ]
    charges.append(
        draft.add_charge(
            start + timedelta(minutes=48), "Woodgrove Gift Cards", "gift_cards", _price(draft, 500),
            country=place.country.code, device_id=device,
        )
    )  # fmt: skip
    return story(draft, "account_takeover", "login", place, device, fraud=True, charges=charges, auth_failures=failures)


def stolen_card(draft: Draft) -> Story:
    """A cent-sized try and then ever larger purchases in shops abroad, while the customer is logged in at home."""
    place = abroad(draft, visitor=False)
    start = draft.before(hours=draft.chance.uniform(3, 6))
    home = draft.home()
    draft.add_security(start - timedelta(minutes=35), "login", home, draft.device())
    draft.add_security(start + timedelta(minutes=50), "login", home, draft.device())
    purchases = (
        ("Humongous Parking", "transport", 1),
        ("Lucerne Electronics", "electronics", 420),
        ("Lucerne Electronics", "electronics", 780),
        ("Alpine Jewellers", "jewellery", 1350),
        ("Woodgrove Gift Cards", "gift_cards", 900),
    )
    charges = [
        draft.add_charge(
            start + timedelta(minutes=17 * n), merchant, category, _price(draft, usd), country=place.country.code
        )
        for n, (merchant, category, usd) in enumerate(purchases)
    ]
    return story(draft, "stolen_card", "transaction", place, None, fraud=True, charges=charges)


def sim_swap(draft: Draft) -> Story:
    """The number moves to a strange SIM, the second factor and the password follow, then money leaves."""
    place, device = abroad(draft, visitor=False), strange_device(draft)
    start = draft.before(hours=draft.chance.uniform(5, 9))
    draft.add_security(start, "sim_swap", place, device, known=False)
    draft.add_security(start + timedelta(minutes=20), "mfa_reset", place, device, known=False)
    draft.add_security(start + timedelta(minutes=23), "password_reset", place, device, known=False)
    draft.add_security(start + timedelta(minutes=25), "login", place, device, known=False)
    draft.add_ticket(
        start + timedelta(hours=2),
        "My phone has no service",
        "My phone lost its signal this morning and shows 'no SIM'. I did not ask for a new SIM card. "
        "I am writing from a neighbour's computer because I cannot log in any more.",
        "sim_swap",
    )
    transfers = (("Woodgrove Transfers", "transfer", 950), ("Woodgrove Transfers", "transfer", 990),
                 ("Woodgrove Gift Cards", "gift_cards", 600))  # fmt: skip
    charges = [
        draft.add_charge(
            start + timedelta(minutes=40 + 11 * n), merchant, category, _price(draft, usd),
            country=place.country.code, device_id=device,
        )
        for n, (merchant, category, usd) in enumerate(transfers)
    ]  # fmt: skip
    return story(draft, "sim_swap", "login", place, device, fraud=True, charges=charges)


def subscription_abuse(draft: Draft) -> Story:
    """Line after line opened for the phone that comes with it; the phones go abroad and no invoice is paid."""
    place, device = anonymous(draft), strange_device(draft)
    destination = abroad(draft, visitor=False)
    draft.pays_invoices = False
    charges = [
        draft.add_order(
            draft.before(days=2 * n + 0.3), "Fabrikam Phone 14 with new line", _price(draft, 899), device,
            ship_to=destination.country.code,
        )
        for n in reversed(range(5))
    ]  # fmt: skip
    for n in reversed(range(5)):
        at = draft.before(days=2 * n + 0.3)
        draft.add_security(at - timedelta(minutes=6), "login", place, device, known=False)
        draft.add_subscription(BASIC, at.date())
    return story(draft, "subscription_abuse", "api_call", place, device, fraud=True, charges=charges, api_calls=240)


def data_resale(draft: Draft) -> Story:
    """Many strange devices on one line and far more data than the plan allows, every day and for days."""
    home = draft.home()
    days = draft.chance.randint(9, 12)
    cap = draft.person.plan.cap_gb or 0.0
    daily = round(max(draft.person.daily_gb * 20, cap / 4), 1)
    for days_ago in range(days, 0, -1):
        draft.add_usage(draft.as_of.date() - timedelta(days=days_ago), daily * draft.chance.uniform(0.9, 1.1))
    devices = [strange_device(draft) for _ in range(7)]
    for n, device in enumerate(devices):
        added = draft.before(days=days - n, hours=draft.chance.uniform(1, 5))
        draft.add_security(added, "device_added", home, device, known=False)
    return story(draft, "data_resale", "data_usage", home, devices[-1], fraud=True, gb=daily)


def _price(draft: Draft, usd: float) -> int:
    return to_minor(usd * draft.chance.uniform(0.97, 1.03), draft.person.country)
