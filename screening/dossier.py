"""The input of one specialist: an alert's events and the records that its tools returned."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from contracts.alert import Alert
from contracts.instants import moved
from contracts.telemetry import TelemetryEvent
from screening import thresholds
from screening.dates import day_of
from screening.records import (
    Articles,
    BillingSummary,
    Charge,
    Customer,
    DataUsage,
    Invoice,
    Invoices,
    Order,
    Orders,
    RecentCharges,
    SecurityEntry,
    SecurityLogs,
    Subscription,
    Subscriptions,
    Ticket,
    Tickets,
    read_record,
)
from screening.required_evidence import MAX_CITED_EVENTS
from screening.tool_answers import Answers


@dataclass(frozen=True)
class Dossier:
    """Records that were not asked for, or could not be read, are empty."""

    alert: Alert
    answers: Answers
    customer: Customer | None
    subscriptions: tuple[Subscription, ...]
    orders: tuple[Order, ...]
    tickets: tuple[Ticket, ...]
    security: tuple[SecurityEntry, ...]
    charges: tuple[Charge, ...]
    invoices: tuple[Invoice, ...]
    billing: BillingSummary | None
    usage: DataUsage | None
    articles: tuple[Articles.Article, ...]
    others: tuple[Alert, ...] = ()
    """The other alerts of the case: nothing that is newer than one of them explains this one."""
    sees_all: bool = False
    """Whether the events of the others count as seen."""

    @cached_property
    def events(self) -> tuple[TelemetryEvent, ...]:
        """The alert's window and triggers, oldest first, each once; where it sees all, with those of the others."""
        seen = (*(self.others if self.sees_all else ()), self.alert)
        shown = (event for alert in seen for event in _shown_by(alert))
        unique = {event.event_id: event for event in shown}
        return tuple(sorted(unique.values(), key=lambda event: event.occurred_at))

    @property
    def triggers(self) -> tuple[TelemetryEvent, ...]:
        """The events that made the rule fire."""
        return self.alert.trigger_events

    @property
    def as_of(self) -> datetime:
        """The moment that the alert speaks of."""
        return max((event.occurred_at for event in self.triggers), default=self.alert.raised_at)

    @cached_property
    def began(self) -> datetime:
        """The moment from which on nothing explains: what is as old as the alert, or newer, may be made to explain it.

        Of several alerts of a case the first one counts: who is behind it may have made what explains the next.
        """
        return min(map(began_at, (self.alert, *self.others)))

    def is_older(self, at: datetime | None) -> bool:
        """Whether something was there before the alert began. Of what has no date that is not known."""
        return at is not None and at < self.began

    def is_older_day(self, day: str | None) -> bool:
        """The same for what has a day and no time: the day of the alert is not older."""
        began_on = self.began.date()
        return day is not None and (day_of(day) or began_on) < began_on

    @property
    def is_neutral(self) -> bool:
        """Whether the customer is known by number only, without a history to compare with."""
        return self.customer is not None and self.customer.profile == "neutral"

    @property
    def topics(self) -> frozenset[str]:
        """What the customer's recent tickets are about, by their filed topic; their text is not interpreted.

        A ticket says something about TICKET_HOLDS_DAYS days, and then no more.
        """
        return frozenset(topic for ticket in self._recent_tickets for topic in ticket.topics)

    @property
    def announced(self) -> frozenset[str]:
        """The topics of those recent tickets that are older than the alert: only these explain anything."""
        return frozenset(
            topic for ticket in self._recent_tickets if self.is_older(ticket.opened_at) for topic in ticket.topics
        )

    def told_before(self, at: datetime | None, *topics: str, within_days: float = thresholds.TICKET_HOLDS_DAYS) -> bool:
        """Whether a ticket on one of `topics` was written in the days before `at`, and before the alert.

        `at` null: at any recent time before the alert.
        """
        if at is None:
            return not self.announced.isdisjoint(topics)
        return any(
            self.is_older(ticket.opened_at) and timedelta() <= at - ticket.opened_at <= timedelta(within_days)
            for ticket in self.tickets
            if ticket.opened_at is not None and not frozenset(topics).isdisjoint(ticket.topics)
        )

    @cached_property
    def _recent_tickets(self) -> tuple[Ticket, ...]:
        oldest = moved(self.as_of, -timedelta(days=thresholds.TICKET_HOLDS_DAYS))
        return tuple(ticket for ticket in self.tickets if ticket.opened_at is None or ticket.opened_at >= oldest)

    def cite(self, *tools: str) -> tuple[str, ...]:
        """The evidence ids of what these tools returned."""
        answers = (self.answers.of(tool) for tool in tools)
        return tuple(answer.evidence_id for answer in answers if answer is not None and answer.evidence_id)

    @property
    def all_evidence(self) -> tuple[str, ...]:
        """Everything that can be cited: tool results first, else the alert's events."""
        cited = tuple(answer.evidence_id for answer in self.answers.all if answer.evidence_id)
        return cited or cite_events(self.triggers)


def began_at(alert: Alert) -> datetime:
    """The first trigger event of an alert, or when it was raised if that is earlier: clocks differ."""
    return min((alert.raised_at, *(event.occurred_at for event in alert.trigger_events)))


def _shown_by(alert: Alert) -> tuple[TelemetryEvent, ...]:
    return (*alert.recent_events, *alert.trigger_events)


def cite_events(events: Sequence[TelemetryEvent]) -> tuple[str, ...]:
    """The ids of the latest few of `events`."""
    return tuple(event.event_id for event in events[-MAX_CITED_EVENTS:])


def open_dossier(alert: Alert, answers: Answers) -> Dossier:
    """Reads all answers."""
    subscriptions = read_record(answers.of("get_subscriptions"), Subscriptions)
    orders = read_record(answers.of("get_orders"), Orders)
    tickets = read_record(answers.of("get_support_tickets"), Tickets)
    security = read_record(answers.of("get_security_logs"), SecurityLogs)
    charges = read_record(answers.of("get_recent_charges"), RecentCharges)
    invoices = read_record(answers.of("get_invoices"), Invoices)
    articles = read_record(answers.of("search_knowledge_base"), Articles)
    return Dossier(
        alert=alert,
        answers=answers,
        customer=read_record(answers.of("get_customer"), Customer),
        subscriptions=subscriptions.subscriptions if subscriptions else (),
        orders=orders.orders if orders else (),
        tickets=tickets.tickets if tickets else (),
        security=tuple(sorted(security.entries, key=lambda entry: entry.at)) if security else (),
        charges=tuple(sorted(charges.charges, key=lambda charge: charge.at)) if charges else (),
        invoices=invoices.invoices if invoices else (),
        billing=read_record(answers.of("get_billing_summary"), BillingSummary),
        usage=read_record(answers.of("get_data_usage"), DataUsage),
        articles=articles.articles if articles else (),
    )


def open_dossiers(alerts: Sequence[Alert], answers: Answers) -> tuple[Dossier, ...]:
    """One for each alert of a case; of several alerts each a second time, with the events of all of them as seen.

    The events of another alert may show what an alert alone does not, and must not make it look better than alone.
    """
    first = open_dossier(alerts[0], answers)
    if len(alerts) == 1:
        return (first,)
    each = [
        replace(first, alert=alert, others=(*alerts[:number], *alerts[number + 1 :]))
        for number, alert in enumerate(alerts)
    ]
    return (*each, *(replace(dossier, sees_all=True) for dossier in each))
