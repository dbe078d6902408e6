"""The tools' answers as typed records. Unknown keys are ignored; missing ones read as "not known"."""

from functools import cached_property
from typing import Annotated, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from screening.tool_answers import Answers, ToolAnswer

Whole = Annotated[int, Field(ge=-(2**53), le=2**53)]
"""What any JSON reader can hold. A greater amount is no amount, and its record cannot be understood."""


class Record(BaseModel):
    """Base of everything that a tool returns. NaN and infinities, which compare as harmless, are no figures."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Device(Record):
    device_id: str
    name: str | None = None


class Customer(Record):
    customer_id: Whole
    status: str = "active"
    home_country: str | None = None
    usual_countries: tuple[str, ...] = ()
    usual_devices: tuple[Device, ...] = ()
    monthly_spend_minor: Whole | None = None
    daily_gb_typical: float | None = None
    profile: str = "contoso"

    @cached_property
    def own_countries(self) -> frozenset[str]:
        """Home and everywhere the customer usually is."""
        return frozenset({*self.usual_countries, *([self.home_country] if self.home_country else [])})

    @cached_property
    def device_ids(self) -> frozenset[str]:
        """The devices that the customer usually uses."""
        return frozenset(device.device_id for device in self.usual_devices)


class Subscription(Record):
    subscription_id: str
    plan: str = ""
    status: str = "active"
    data_cap_gb: float | None = None
    roaming_countries: tuple[str, ...] = ()
    roaming_until: str | None = None
    started_on: str | None = None


class Subscriptions(Record):
    subscriptions: tuple[Subscription, ...] = ()


class BillingSummary(Record):
    currency: str | None = None
    balance_minor: Whole = 0
    overdue_invoices: Whole = 0
    spend_last_30_days_minor: Whole | None = None
    average_monthly_spend_minor: Whole | None = None
    autopay: bool = False


class Invoice(Record):
    invoice_id: str
    amount_minor: Whole = 0
    status: str = ""


class Invoices(Record):
    invoices: tuple[Invoice, ...] = ()


class Order(Record):
    order_id: str
    ordered_at: AwareDatetime | None = None
    item: str = ""
    amount_minor: Whole = 0
    ship_to_country: str | None = None
    device_id: str | None = None
    status: str = ""
    charge_id: str | None = None


class Orders(Record):
    orders: tuple[Order, ...] = ()


class UsageDay(Record):
    day: str
    gb: float
    roaming_country: str | None = None


class DataUsage(Record):
    days: tuple[UsageDay, ...] = ()
    average_gb: float | None = None
    cap_gb: float | None = None


class SecurityEntry(Record):
    entry_id: str = ""
    at: AwareDatetime
    event: str
    ip: str | None = None
    country: str | None = None
    city: str | None = None
    device_id: str | None = None
    known_device: bool | None = None
    success: bool = True


class SecurityLogs(Record):
    entries: tuple[SecurityEntry, ...] = ()


class Charge(Record):
    charge_id: str
    at: AwareDatetime
    merchant: str = ""
    category: str = ""
    country: str | None = None
    amount_minor: Whole
    currency: str | None = None
    status: str = "posted"
    device_id: str | None = None
    card_present: bool | None = None


class RecentCharges(Record):
    charges: tuple[Charge, ...] = ()


class Ticket(Record):
    ticket_id: str = ""
    opened_at: AwareDatetime | None = None
    subject: str = ""
    status: str = ""
    topics: tuple[str, ...] = ()


class Tickets(Record):
    tickets: tuple[Ticket, ...] = ()


class Articles(Record):
    class Article(Record):
        article_id: str = ""
        title: str = ""

    articles: tuple[Article, ...] = ()


RecordT = TypeVar("RecordT", bound=Record)


def read_record(answer: ToolAnswer | None, record: type[RecordT]) -> RecordT | None:
    """The answer of a tool as `record`; None if the tool was not asked, failed, or answered in another shape."""
    if answer is None or not answer.ok:
        return None
    try:
        return record.model_validate(answer.data)
    except ValidationError:
        return None


RECORD_OF_TOOL: dict[str, type[Record]] = {
    "get_customer": Customer,
    "get_subscriptions": Subscriptions,
    "get_billing_summary": BillingSummary,
    "get_invoices": Invoices,
    "get_orders": Orders,
    "get_data_usage": DataUsage,
    "get_security_logs": SecurityLogs,
    "get_recent_charges": RecentCharges,
    "get_support_tickets": Tickets,
    "search_knowledge_base": Articles,
}


def unreadable_answers(answers: Answers) -> tuple[ToolAnswer, ...]:
    """Answers that came but are not in the agreed shape."""
    return tuple(
        answer
        for answer in answers.all
        if answer.ok and (record := RECORD_OF_TOOL.get(answer.tool)) and read_record(answer, record) is None
    )
