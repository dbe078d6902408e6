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
from tests.evaluation.alerting import Telemetry
from tests.evaluation.happenings import (
    AnyHappening,
    ApiCalls,
    ChargeMade,
    DataUsed,
    DeviceAcquired,
    Happening,
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
"""Planted usage varies by this share from day to day."""


class Planted(Contract):
    """A scenario as it lies in a store: its alert, and the ids of the records behind its keys."""

    scenario: Scenario
    alert: Alert
    ids: dict[str, str]


def plant(scenarios: Sequence[Scenario], store: Path) -> tuple[Planted, ...]:
    """Make the customer store `store` with all scenarios in it. Raises BadScenario."""
    planters = {scenario.customer: Planter(scenario) for scenario in scenarios}
    dataset = generate(SEED, AS_OF, planters)
    SqliteCustomerStore(store, lambda: dataset).close()
    return tuple(planters[scenario.customer].planted() for scenario in scenarios)


class Planter:
    """Tells one scenario in a draft, and remembers what came of it."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._telemetry = Telemetry(scenario)
        self._ids: dict[str, str] = {}
        self._told: Draft | None = None
        self._usual_charge = Decimal(0)

    def __call__(self, draft: Draft) -> None:
        """Plant everything that happens. Raises BadScenario when the customer is not who the scenario says."""
        country = draft.person.country.code
        if country != self._scenario.home:
            raise self._bad(f"customer {self._scenario.customer} lives in {country}, not in {self._scenario.home}")
        self._told = draft
        self._usual_charge = Decimal(round(mean(charge.amount_minor for charge in draft.charges))) / 100
        for happening in self._scenario.happens:
            self._plant(happening)

    def planted(self) -> Planted:
        """What came of it; only after planting."""
        alert = self._telemetry.alert(self._usual_charge, self._draft.person.daily_gb)
        return Planted(scenario=self._scenario, alert=alert, ids=self._ids)

    @property
    def _draft(self) -> Draft:
        assert self._told is not None, "planting comes first"
        return self._told

    # What each kind of happening leaves behind

    @singledispatchmethod
    def _plant(self, happening: Happening) -> None:
        raise self._bad(f"nobody knows how to plant {happening!r}")

    @_plant.register
    def _(self, happening: Security) -> None:
        telemetry = {"login": self._telemetry.login, "login_failed": self._telemetry.failure}.get(happening.what)
        if happening.alert and telemetry is None:
            raise self._bad(f"{happening.what} is not in telemetry: put no 'alert' on it")
        named = self._device(happening.who, happening.device)
        for number in range(happening.times):
            device = named if happening.devices == 1 else f"{named}-{number % happening.devices + 1}"
            known = device in self._known_devices() if happening.known is None else happening.known
            at = self._when(happening) + number * happening.every
            place = self._place(happening.who, number % happening.addresses)
            if happening.logged:
                self._draft.add_security(at, happening.what, place, device, known=known)
                self._name(happening, self._draft.security[-1].entry_id)
            if happening.alert and telemetry:
                telemetry(happening.alert, at, place, device)

    @_plant.register
    def _(self, happening: ChargeMade) -> None:
        charge = self._draft.add_charge(
            self._when(happening),
            happening.merchant,
            happening.category,
            self._price(happening),
            happening.country or self._place(happening.who).country.code,
            None if happening.card else self._device(happening.who, happening.device),
        )
        self._finish(happening, charge)

    @_plant.register
    def _(self, happening: OrderPlaced) -> None:
        device = self._device(happening.who, happening.device)
        if device is None:
            raise self._bad(f"somebody without a device orders '{happening.item}'")
        price = self._price(happening)
        self._finish(
            happening,
            self._draft.add_order(
                self._when(happening), happening.item, price, device, happening.ship, happening.merchant
            ),
        )

    @_plant.register
    def _(self, happening: TicketWritten) -> None:
        self._draft.add_ticket(self._when(happening), happening.subject, happening.body, *happening.topics)
        self._name(happening, self._draft.tickets[-1].ticket_id)

    @_plant.register
    def _(self, happening: Subscribed) -> None:
        start = self._when(happening).date()
        until = None if happening.roaming_days is None else start + timedelta(days=happening.roaming_days)
        countries = happening.roaming or (() if happening.plan == "roaming" else self._draft.person.country.roams_in)
        line = self._draft.add_subscription(_PLANS[happening.plan], start, countries, until)
        self._name(happening, line.subscription_id)

    @_plant.register
    def _(self, _: PlanEnded) -> None:
        self._draft.end_subscription()

    @_plant.register
    def _(self, happening: DataUsed) -> None:
        first, last = self._when(happening).date(), (self._draft.as_of - (happening.until or happening.at)).date()
        usual = self._draft.person.daily_gb * (happening.usual or 0.0)
        median = usual if happening.gb is None else happening.gb
        for days in range((last - first).days + 1):
            gb = round(median * self._draft.chance.uniform(1 - USAGE_SWING, 1 + USAGE_SWING), 3)
            self._draft.add_usage(first + timedelta(days=days), gb, happening.roaming)
        if happening.alert:
            read_at = datetime.combine(last, time(23, 59), UTC)
            self._telemetry.usage(happening.alert, read_at, self._draft.usage[last].gb)

    @_plant.register
    def _(self, happening: DeviceAcquired) -> None:
        device = Device(device_id=self._device_id(happening.key or "new"), name=happening.name)
        self._draft.usual_devices.append(device)

    @_plant.register
    def _(self, happening: LeftHome) -> None:
        self._draft.leave_home(self._when(happening))

    @_plant.register
    def _(self, happening: RecordsLost) -> None:
        since, draft = self._when(happening), self._draft
        if happening.kind == "usage":
            draft.usage = {day: usage for day, usage in draft.usage.items() if day < since.date()}
        elif happening.kind == "security":
            draft.security = [entry for entry in draft.security if entry.at < since]
        else:
            draft.charges = [charge for charge in draft.charges if charge.at < since]

    @_plant.register
    def _(self, _: InvoicesUnpaid) -> None:
        self._draft.pays_invoices = False

    @_plant.register
    def _(self, happening: ApiCalls) -> None:
        self._telemetry.api_calls(happening, self._when(happening), self._place(happening.who))

    # Helpers

    def _finish(self, happening: Purchase, charge: Charge) -> None:
        if happening.status != charge.status:
            charge = charge.model_copy(update={"status": happening.status})
            self._draft.charges[-1] = charge
        self._name(happening, charge.charge_id)
        if happening.alert:
            self._telemetry.charge(happening.alert, charge)

    def _bad(self, fault: str) -> BadScenario:
        return BadScenario(f"{self._scenario.id}: {fault}.")

    def _when(self, happening: AnyHappening | Purchase) -> datetime:
        return self._draft.as_of - happening.at

    def _name(self, happening: Happening, record_id: str) -> None:
        if happening.key:
            self._ids[happening.key] = record_id

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

    def _price(self, happening: Purchase) -> int:
        person = self._draft.person
        if (happening.usd is None) is (happening.usual is None):
            raise self._bad("a purchase has either 'usd' or 'usual'")
        usd = happening.usd or person.habits.median_charge_usd * (happening.usual or 0.0)
        return to_minor(usd, person.country)
