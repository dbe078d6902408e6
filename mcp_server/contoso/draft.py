"""The records of one customer while they are being made. Each kind of record is added through one method."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from mcp_server.contoso.chance import Chance
from mcp_server.contoso.geography import City, Country
from mcp_server.contoso.people import Person
from mcp_server.contoso.plans import Plan, fee_minor
from mcp_server.records.charge import Charge
from mcp_server.records.customer import Device
from mcp_server.records.order import Order
from mcp_server.records.security import SecurityEntry, SecurityEvent
from mcp_server.records.subscription import Subscription
from mcp_server.records.ticket import Ticket, Topic
from mcp_server.records.usage import UsageDay

HISTORY_DAYS = 90
"""How far back the usage, the security log and the tickets go."""
SPENDING_DAYS = 125
"""How far back charges go: far enough for three whole billing periods of 31 days and the one that is running."""


@dataclass(frozen=True)
class Place:
    """Where somebody is when they do something, and behind which address."""

    country: Country
    city: City
    ip: str


@dataclass
class Draft:
    """One customer's records so far. All instants lie before `as_of`, in whole seconds."""

    person: Person
    as_of: datetime
    chance: Chance
    subscriptions: list[Subscription] = field(default_factory=list[Subscription])
    usage: dict[date, UsageDay] = field(default_factory=dict[date, UsageDay])
    charges: list[Charge] = field(default_factory=list[Charge])
    orders: list[Order] = field(default_factory=list[Order])
    security: list[SecurityEntry] = field(default_factory=list[SecurityEntry])
    tickets: list[Ticket] = field(default_factory=list[Ticket])
    usual_devices: list[Device] = field(default_factory=list[Device])
    email: str = ""
    """The address on the account, once somebody has changed it."""
    pays_invoices: bool = True
    """False: nothing has been paid since the oldest invoice."""
    _numbers: Counter[str] = field(default_factory=Counter[str])

    def leave_home(self, at: datetime) -> None:
        """Take out what was done at home from `at` on: the customer is not there any more."""
        self.charges = [charge for charge in self.charges if charge.at < at]
        self.orders = [order for order in self.orders if order.ordered_at < at]
        self.security = [entry for entry in self.security if entry.at < at]

    def home(self) -> Place:
        """The customer's home, behind one of their usual addresses."""
        return Place(self.person.country, self.person.city, self.chance.choice(self.person.ips))

    def device(self) -> str:
        """One of the usual devices; the phone most of the time."""
        others = [device.device_id for device in self.usual_devices[1:]]
        phone = self.usual_devices[0].device_id
        return self.chance.choice(others) if others and self.chance.random() < 0.3 else phone

    def before(self, *, days: float = 0, hours: float = 0, minutes: float = 0) -> datetime:
        """The instant that long before `as_of`."""
        return (self.as_of - timedelta(days=days, hours=hours, minutes=minutes)).replace(microsecond=0)

    def daytime(self, days_ago: int) -> datetime:
        """A waking hour, by the sun at home, of the day that began `days_ago` whole days before `as_of`'s."""
        midnight = datetime.combine(self.as_of.date() - timedelta(days=days_ago), datetime.min.time(), UTC)
        local_hour = self.chance.uniform(7.5, 22.5)
        offset = round(self.person.city.longitude / 15)
        return (midnight + timedelta(hours=local_hour - offset)).replace(microsecond=0)

    def add_subscription(
        self, plan: Plan, started_on: date, roaming: tuple[str, ...] = (), roaming_until: date | None = None
    ) -> Subscription:
        """Subscribe to `plan` at the price of the customer's country."""
        country = self.person.country
        subscription = Subscription(
            subscription_id=self._id("sub"),
            plan=plan.name,
            status="active",
            data_cap_gb=plan.cap_gb,
            roaming_countries=roaming,
            roaming_until=roaming_until,
            monthly_fee_minor=fee_minor(plan, country),
            currency=country.currency,
            started_on=started_on,
        )
        self.subscriptions.append(subscription)
        return subscription

    def end_subscription(self) -> None:
        """End the oldest line: another plan takes its place. It is still on the invoice of the running period."""
        self.subscriptions[0] = self.subscriptions[0].model_copy(update={"status": "ended"})

    def add_usage(self, day: date, gb: float, roaming_country: str | None = None) -> None:
        """Set the usage of `day`."""
        self.usage[day] = UsageDay(day=day, gb=round(gb, 3), roaming_country=roaming_country)

    def add_charge(
        self,
        at: datetime,
        merchant: str,
        category: str,
        amount_minor: int,
        country: str | None = None,
        device_id: str | None = None,
    ) -> Charge:
        """Charge the account; with the card present when no device did it."""
        charge = Charge(
            charge_id=self._id("ch"),
            at=at,
            merchant=merchant,
            category=category,
            country=country or self.person.country.code,
            amount_minor=amount_minor,
            currency=self.person.country.currency,
            device_id=device_id,
            card_present=device_id is None,
        )
        self.charges.append(charge)
        return charge

    def add_order(
        self,
        at: datetime,
        item: str,
        amount_minor: int,
        device_id: str,
        ship_to: str | None = None,
        merchant: str = "Contoso Store",
    ) -> Charge:
        """Order `item`; returns the charge that pays for it. Goods arrive after five days."""
        charge = self.add_charge(at, merchant, "electronics", amount_minor, device_id=device_id)
        age = self.as_of - at
        self.orders.append(
            Order(
                order_id=self._id("ord"),
                ordered_at=at,
                item=item,
                amount_minor=amount_minor,
                currency=charge.currency,
                ship_to_country=ship_to or self.person.country.code,
                device_id=device_id,
                status="delivered" if age.days >= 5 else "shipped" if age.days >= 1 else "processing",
                charge_id=charge.charge_id,
            )
        )
        return charge

    def add_security(
        self, at: datetime, event: SecurityEvent, place: Place, device_id: str | None, *, known: bool = True
    ) -> None:
        """Log `event`; everything but a failed login succeeds."""
        self.security.append(
            SecurityEntry(
                entry_id=self._id("sec"),
                at=at.replace(microsecond=0),
                event=event,
                ip=place.ip,
                country=place.country.code,
                city=place.city.name,
                device_id=device_id,
                known_device=known,
                success=event != "login_failed",
            )
        )

    def add_ticket(self, at: datetime, subject: str, body: str, *topics: Topic) -> None:
        """Write a ticket; tickets of the last three days are still open."""
        self.tickets.append(
            Ticket(
                ticket_id=self._id("tic"),
                opened_at=at,
                channel=self.chance.choice(("chat", "phone", "email")),
                subject=subject,
                body=body,
                status="open" if self.as_of - at < timedelta(days=3) else "closed",
                topics=topics,
            )
        )

    def _id(self, kind: str) -> str:
        self._numbers[kind] += 1
        return f"{kind}-{self.person.customer_id:04}-{self._numbers[kind]:03}"
