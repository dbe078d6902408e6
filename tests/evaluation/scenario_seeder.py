"""Puts scenarios into the records of their customers."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from functools import singledispatchmethod
from pathlib import Path
from statistics import mean

from contracts.alert import Alert
from contracts.base import Contract
from mcp_server.contoso.draft import Draft, Place
from mcp_server.contoso.generator import generate
from mcp_server.contoso.geography import COUNTRIES, anonymous_address
from mcp_server.contoso.plans import BASIC, DATA_SIM, FAMILY, MAX, PLUS, ROAMING, UNLIMITED, Plan, to_minor
from mcp_server.records.charge import Charge
from mcp_server.records.customer import Device
from mcp_server.store.sqlite.store import SqliteCustomerStore
from tests.evaluation.alert_builder import Telemetry
from tests.evaluation.customer_events import (
    AnyCustomerEvent,
    ApiCalls,
    ChargeMade,
    CustomerEvent,
    DataUsed,
    DeviceAcquired,
    InvoicesUnpaid,
    LeftHome,
    OrderPlaced,
    PlanEnded,
    Purchase,
    RecordsLost,
    Security,
    Subscribed,
    TicketWritten,
)
from tests.evaluation.scenario import AS_OF, HOME, SEED, BadScenario, Scenario

_PLANS: Mapping[str, Plan] = {
    "basic": BASIC,
    "plus": PLUS,
    "max": MAX,
    "unlimited": UNLIMITED,
    "family": FAMILY,
    "data_sim": DATA_SIM,
    "roaming": ROAMING,
}
_STRANGERS = 3000
"""The first connection number of a country's network that no customer has."""
USAGE_SWING = 0.1
"""Seeded usage varies by this share from day to day."""


class SeededScenario(Contract):
    """A scenario as it lies in a store: its alert, and the ids of the records behind its keys."""

    scenario: Scenario
    alert: Alert
    ids: dict[str, str]


def seed_scenarios(scenarios: Sequence[Scenario], store: Path) -> tuple[SeededScenario, ...]:
    """Make the customer store `store` with all scenarios in it. Raises BadScenario."""
    seeders = {scenario.customer: ScenarioSeeder(scenario) for scenario in scenarios}
    dataset = generate(SEED, AS_OF, seeders)
    SqliteCustomerStore(store, lambda: dataset).close()
    return tuple(seeders[scenario.customer].seeded() for scenario in scenarios)


class ScenarioSeeder:
    """Writes one scenario into a draft, and keeps the resulting records."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._telemetry = Telemetry(scenario)
        self._ids: dict[str, str] = {}
        self._seeded_draft: Draft | None = None
        self._usual_charge = Decimal(0)

    def __call__(self, draft: Draft) -> None:
        """Plant everything that happens. Raises BadScenario when the customer is not who the scenario says."""
        country = draft.person.country.code
        if country != self._scenario.home:
            raise self._bad(f"customer {self._scenario.customer} lives in {country}, not in {self._scenario.home}")
        self._seeded_draft = draft
        self._usual_charge = Decimal(round(mean(charge.amount_minor for charge in draft.charges))) / 100
        for event in self._scenario.happens:
            self._seed(event)

    def seeded(self) -> SeededScenario:
        """The resulting records; only after seeding."""
        alert = self._telemetry.alert(self._usual_charge, self._draft.person.daily_gb)
        return SeededScenario(scenario=self._scenario, alert=alert, ids=self._ids)

    @property
    def _draft(self) -> Draft:
        assert self._seeded_draft is not None, "seeding comes first"
        return self._seeded_draft

    # What each kind of event leaves behind

    @singledispatchmethod
    def _seed(self, event: CustomerEvent) -> None:
        raise self._bad(f"nobody knows how to seed {event!r}")

    @_seed.register
    def _(self, event: Security) -> None:
        telemetry = {"login": self._telemetry.login, "login_failed": self._telemetry.failure}.get(event.what)
        if event.alert and telemetry is None:
            raise self._bad(f"{event.what} is not in telemetry: put no 'alert' on it")
        named = self._device(event.who, event.device)
        for number in range(event.times):
            device = named if event.devices == 1 else f"{named}-{number % event.devices + 1}"
            known = device in self._known_devices() if event.known is None else event.known
            at = self._when(event) + number * event.every
            place = self._place(event.who, number % event.addresses)
            if event.logged:
                self._draft.add_security(at, event.what, place, device, known=known)
                self._name(event, self._draft.security[-1].entry_id)
            if event.alert and telemetry:
                telemetry(event.alert, at, place, device)

    @_seed.register
    def _(self, event: ChargeMade) -> None:
        charge = self._draft.add_charge(
            self._when(event),
            event.merchant,
            event.category,
            self._price(event),
            event.country or self._place(event.who).country.code,
            None if event.card else self._device(event.who, event.device),
        )
        self._finish(event, charge)

    @_seed.register
    def _(self, event: OrderPlaced) -> None:
        device = self._device(event.who, event.device)
        if device is None:
            raise self._bad(f"somebody without a device orders '{event.item}'")
        price = self._price(event)
        self._finish(
            event,
            self._draft.add_order(
                self._when(event),
                event.item,
                price,
                device,
                event.ship,
                event.merchant,
            ),
        )

    @_seed.register
    def _(self, event: TicketWritten) -> None:
        self._draft.add_ticket(self._when(event), event.subject, event.body, *event.topics)
        self._name(event, self._draft.tickets[-1].ticket_id)

    @_seed.register
    def _(self, event: Subscribed) -> None:
        start = self._when(event).date()
        until = None if event.roaming_days is None else start + timedelta(days=event.roaming_days)
        countries = event.roaming or (() if event.plan == "roaming" else self._draft.person.country.roams_in)
        line = self._draft.add_subscription(_PLANS[event.plan], start, countries, until)
        self._name(event, line.subscription_id)

    @_seed.register
    def _(self, _: PlanEnded) -> None:
        self._draft.end_subscription()

    @_seed.register
    def _(self, event: DataUsed) -> None:
        first, last = (
            self._when(event).date(),
            (self._draft.as_of - (event.until or event.at)).date(),
        )
        usual = self._draft.person.daily_gb * (event.usual or 0.0)
        median = usual if event.gb is None else event.gb
        for days in range((last - first).days + 1):
            gb = round(median * self._draft.chance.uniform(1 - USAGE_SWING, 1 + USAGE_SWING), 3)
            self._draft.add_usage(first + timedelta(days=days), gb, event.roaming)
        if event.alert:
            read_at = datetime.combine(last, time(23, 59), UTC)
            self._telemetry.usage(event.alert, read_at, self._draft.usage[last].gb)

    @_seed.register
    def _(self, event: DeviceAcquired) -> None:
        device = Device(device_id=self._device_id(event.key or "new"), name=event.name)
        self._draft.usual_devices.append(device)

    @_seed.register
    def _(self, event: LeftHome) -> None:
        self._draft.leave_home(self._when(event))

    @_seed.register
    def _(self, event: RecordsLost) -> None:
        since, draft = self._when(event), self._draft
        if event.kind == "usage":
            draft.usage = {day: usage for day, usage in draft.usage.items() if day < since.date()}
        elif event.kind == "security":
            draft.security = [entry for entry in draft.security if entry.at < since]
        else:
            draft.charges = [charge for charge in draft.charges if charge.at < since]

    @_seed.register
    def _(self, _: InvoicesUnpaid) -> None:
        self._draft.pays_invoices = False

    @_seed.register
    def _(self, event: ApiCalls) -> None:
        self._telemetry.api_calls(event, self._when(event), self._place(event.who))

    # Helpers

    def _finish(self, event: Purchase, charge: Charge) -> None:
        if event.status != charge.status:
            charge = charge.model_copy(update={"status": event.status})
            self._draft.charges[-1] = charge
        self._name(event, charge.charge_id)
        if event.alert:
            self._telemetry.charge(event.alert, charge)

    def _bad(self, fault: str) -> BadScenario:
        return BadScenario(f"{self._scenario.id}: {fault}.")

    def _when(self, event: AnyCustomerEvent | Purchase) -> datetime:
        return self._draft.as_of - event.at

    def _name(self, event: CustomerEvent, record_id: str) -> None:
        if event.key:
            self._ids[event.key] = record_id

    def _known_devices(self) -> set[str]:
        return {device.device_id for device in self._draft.usual_devices}

    def _device_id(self, name: str) -> str:
        return name if name.startswith("dev-") else f"dev-x{self._scenario.customer:04}-{name}"

    def _device(self, who: str, chosen: str | None) -> str | None:
        usual = self._draft.usual_devices
        if chosen is None and who != HOME:
            chosen = self._scenario.actors[who].device
            if chosen is None:
                return None
        if chosen is None or chosen == "phone":
            return usual[0].device_id
        if chosen == "second":
            if len(usual) < 2:
                raise self._bad(f"customer {self._scenario.customer} has no second device")
            return usual[1].device_id
        return self._device_id(chosen)

    def _place(self, who: str, connection: int = 0) -> Place:
        person = self._draft.person
        if who == HOME:
            return Place(person.country, person.city, person.ips[connection % len(person.ips)])
        actor = self._scenario.actors[who]
        country = COUNTRIES[actor.country] if actor.country else person.country
        cities = {city.name: city for city in country.cities}
        if actor.city and actor.city not in cities:
            raise self._bad(f"{actor.city} is no city of {country.name}: use one of {', '.join(cities)}")
        away = country is not person.country
        city = cities[actor.city] if actor.city else country.cities[0] if away else person.city
        number = self._scenario.customer + 250 * connection
        address = anonymous_address(number % 250) if actor.hidden else country.address(_STRANGERS + number % 1000)
        return Place(country, city, address)

    def _price(self, event: Purchase) -> int:
        person = self._draft.person
        if (event.usd is None) is (event.usual is None):
            raise self._bad("a purchase has either 'usd' or 'usual'")
        usd = event.usd or person.habits.median_charge_usd * (event.usual or 0.0)
        return to_minor(usd, person.country)
