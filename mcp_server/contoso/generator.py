"""Contoso: 250 customers whose records make sense together, the same ones every time.

Everything follows from a seed and an instant. Records lead up to that instant; nothing lies after it.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from statistics import median
from typing import TypeAlias

from mcp_server.contoso.chance import chance
from mcp_server.contoso.draft import SPENDING_DAYS, Draft
from mcp_server.contoso.habits import live_ordinarily
from mcp_server.contoso.invoices import invoice
from mcp_server.contoso.knowledge import ARTICLES
from mcp_server.contoso.people import make_person
from mcp_server.contoso.stories.catalogue import CATALOGUE, StoryKind, cast
from mcp_server.records.bundle import CustomerRecords, Dataset
from mcp_server.records.charge import Charge
from mcp_server.records.customer import Customer
from mcp_server.records.profile import Story, TelemetryProfile

CUSTOMER_IDS = range(1, 251)

DraftEdit: TypeAlias = Callable[[Draft], None]
"""Adds to, or takes from, the records of one customer before they are invoiced."""


def generate(seed: int, as_of: datetime, edits: Mapping[int, DraftEdit] | None = None) -> Dataset:
    """All customers, their records up to `as_of` (which needs an offset) and the knowledge base.

    `edits` is by customer id. It comes after ordinary life and after the customer's story, so that what is not
    edited, and every other customer, stays as it is without it. Raises KeyError for an id outside CUSTOMER_IDS.
    """
    edits_left = dict(edits or {})
    if strangers := edits_left.keys() - set(CUSTOMER_IDS):
        raise KeyError(
            f"Contoso has no customer {min(strangers)}: plant for ids {CUSTOMER_IDS[0]} to {CUSTOMER_IDS[-1]}."
        )
    instant = as_of.astimezone(UTC).replace(microsecond=0)
    stories = cast(seed)
    return Dataset(
        as_of=instant,
        seed=seed,
        customers=tuple(
            _customer(seed, instant, number, stories.get(number), edits_left.get(number)) for number in CUSTOMER_IDS
        ),
        articles=ARTICLES,
    )


def _customer(
    seed: int, as_of: datetime, customer_id: int, kind: StoryKind | None, edit: DraftEdit | None
) -> CustomerRecords:
    template = CATALOGUE[kind] if kind else None
    source = chance(seed, customer_id)
    draft = Draft(make_person(source, customer_id, as_of.date(), template.plans if template else None), as_of, source)
    live_ordinarily(draft)
    ordinary = list(draft.charges)
    story = template.tell(draft) if template else None
    if edit:
        edit(draft)
    return CustomerRecords(
        customer=_profile(draft, ordinary),
        subscriptions=tuple(draft.subscriptions),
        invoices=invoice(draft),
        orders=tuple(draft.orders),
        charges=tuple(draft.charges),
        usage=tuple(draft.usage[day] for day in sorted(draft.usage)),
        security=tuple(draft.security),
        tickets=tuple(draft.tickets),
        telemetry=_telemetry(draft, ordinary, story),
    )


def _profile(draft: Draft, ordinary: list[Charge]) -> Customer:
    person = draft.person
    return Customer(
        customer_id=person.customer_id,
        name=person.name,
        email=draft.email or person.email,
        segment=person.segment,
        home_country=person.country.code,
        home_city=person.city.name,
        home_latitude=person.city.latitude,
        home_longitude=person.city.longitude,
        usual_countries=(person.country.code,),
        usual_devices=tuple(draft.usual_devices),
        customer_since=person.since,
        monthly_spend_minor=round(sum(charge.amount_minor for charge in ordinary) * 30 / SPENDING_DAYS),
        daily_gb_typical=person.daily_gb,
        currency=person.country.currency,
        autopay=person.autopay,
        profile="contoso",
    )


def _telemetry(draft: Draft, ordinary: list[Charge], story: Story | None) -> TelemetryProfile:
    person = draft.person
    return TelemetryProfile(
        customer_id=person.customer_id,
        name=person.name,
        home_country=person.country.code,
        home_city=person.city.name,
        home_latitude=person.city.latitude,
        home_longitude=person.city.longitude,
        usual_devices=person.devices,
        usual_ips=person.ips,
        daily_gb_typical=person.daily_gb,
        typical_charge_minor=round(median(charge.amount_minor for charge in ordinary)),
        currency=person.country.currency,
        story=story,
    )
