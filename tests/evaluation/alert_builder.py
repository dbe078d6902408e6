"""The alert of a scenario: telemetry as it would have come in, and the figures that detection would have given."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from contracts.alert import Alert, Baseline
from contracts.telemetry import (
    ApiCallAttributes,
    ApiCallEvent,
    AuthFailureAttributes,
    AuthFailureEvent,
    DataUsageAttributes,
    DataUsageEvent,
    LoginAttributes,
    LoginEvent,
    TelemetryEvent,
    TransactionAttributes,
    TransactionEvent,
)
from mcp_server.contoso.draft import Place
from mcp_server.contoso.geography import City, distance_km
from mcp_server.records.charge import Charge
from tests.evaluation.customer_events import ApiCalls, InAlert
from tests.evaluation.scenario import Scenario

MOST_API_EVENTS = 50
"""An alert holds no more events; the baseline has the true count."""


class Telemetry:
    """Collects the events of one scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._triggers: list[TelemetryEvent] = []
        self._window: list[TelemetryEvent] = []

    def login(self, where: InAlert, at: datetime, place: Place, device: str | None) -> None:
        """A successful login."""
        attributes = LoginAttributes(
            ip=place.ip,
            country=place.country.code,
            city=place.city.name,
            latitude=place.city.latitude,
            longitude=place.city.longitude,
            device_id=device,
        )
        event = LoginEvent(
            event_id=self._next_id(), customer_id=self._scenario.customer, occurred_at=at, attributes=attributes
        )
        self._note(where, event)

    def failure(self, where: InAlert, at: datetime, place: Place, device: str | None) -> None:
        """A login that failed."""
        attributes = AuthFailureAttributes.model_validate(
            {"ip": place.ip, "country": place.country.code, "reason": "bad password", "device_id": device}
        )
        event = AuthFailureEvent(
            event_id=self._next_id(), customer_id=self._scenario.customer, occurred_at=at, attributes=attributes
        )
        self._note(where, event)

    def charge(self, where: InAlert, charge: Charge) -> None:
        """The transaction behind a charge."""
        attributes = TransactionAttributes(
            amount=Decimal(charge.amount_minor) / 100,
            currency=charge.currency,
            charge_id=charge.charge_id,
            merchant=charge.merchant,
            country=charge.country,
        )
        event = TransactionEvent(
            event_id=self._next_id(), customer_id=self._scenario.customer, occurred_at=charge.at, attributes=attributes
        )
        self._note(where, event)

    def usage(self, where: InAlert, at: datetime, gb: float) -> None:
        """One usage reading."""
        event = DataUsageEvent(
            event_id=self._next_id(),
            customer_id=self._scenario.customer,
            occurred_at=at,
            attributes=DataUsageAttributes(gb=gb),
        )
        self._note(where, event)

    def api_calls(self, burst: ApiCalls, start: datetime, place: Place) -> None:
        """The calls of a burst, at most MOST_API_EVENTS; those that were refused, and those that write, come first."""
        shown = min(burst.count, MOST_API_EVENTS)
        for number in range(shown):
            share = (number + 0.5) / shown
            refused = share < burst.refused
            attributes = ApiCallAttributes(
                endpoint=f"/v1/resource-{number % burst.endpoints}",
                ip=place.ip,
                status_code=403 if refused else 200,
                error_code="AccessDenied" if refused else None,
                read_only=share >= burst.writes,
            )
            event = ApiCallEvent(
                event_id=self._next_id(),
                customer_id=self._scenario.customer,
                occurred_at=start + timedelta(seconds=number),
                attributes=attributes,
            )
            self._note("trigger", event)

    def alert(self, usual_charge: Decimal, usual_gb: float) -> Alert:
        """What detection would say; the usual charge is in major units of the customer's currency."""
        triggers = sorted(self._triggers, key=_when)
        raised, baseline = self._scenario.alert, self._baseline(triggers, usual_charge, usual_gb)
        return Alert(
            alert_id=f"evaluation-{self._scenario.id}",
            customer_id=self._scenario.customer,
            alert_type=raised.type,
            rule_id=raised.type,
            rule_version=1,
            severity=raised.severity,
            description=_describe(raised.type, baseline),
            raised_at=triggers[-1].occurred_at + timedelta(seconds=2),
            trigger_events=tuple(triggers),
            recent_events=tuple(sorted((*triggers, *self._window), key=_when)),
            baseline=baseline,
            source="manual",
        )

    def _baseline(self, triggers: Sequence[TelemetryEvent], usual_charge: Decimal, usual_gb: float) -> Baseline:
        match self._scenario.alert.type:
            case "impossible_travel":
                return Baseline(metric="km_per_hour", observed=_speed(triggers), threshold=1000.0, sample_size=40)
            case "auth_failures":
                count = float(len(triggers))
                return _baseline("failures_in_10_minutes", count, 0.5, 5.0)
            case "data_usage_spike":
                gb = max(event.attributes.gb for event in triggers if isinstance(event, DataUsageEvent))
                return _baseline("gb_per_reading", gb, round(usual_gb, 3), round(usual_gb * 3, 3))
            case "spending_spike":
                spent = [event.attributes for event in triggers if isinstance(event, TransactionEvent)]
                largest, usual = float(max(charge.amount for charge in spent)), float(usual_charge)
                return _baseline(f"charge_amount_{spent[-1].currency}", largest, usual, usual * 4)
            case "api_burst":
                counts = [each.count for each in self._scenario.happens if isinstance(each, ApiCalls)]
                return _baseline("calls_per_minute", float(max(counts)), 2.0, 25.0)

    def _note(self, where: InAlert, event: TelemetryEvent) -> None:
        (self._triggers if where == "trigger" else self._window).append(event)

    def _next_id(self) -> str:
        return f"ev-{self._scenario.customer:04}-{len(self._triggers) + len(self._window) + 1:03}"


def _baseline(metric: str, observed: float, expected: float, threshold: float) -> Baseline:
    return Baseline(metric=metric, observed=observed, expected=expected, threshold=threshold, sample_size=28)


def _when(event: TelemetryEvent) -> datetime:
    return event.occurred_at


def _speed(triggers: Sequence[TelemetryEvent]) -> float:
    """The fastest of the journeys between neighbouring logins, in kilometres per hour."""
    logins = [event for event in triggers if isinstance(event, LoginEvent)]
    speeds = [0.0]
    for before, after in pairwise(logins):
        hours = max((after.occurred_at - before.occurred_at) / timedelta(hours=1), 1 / 60)
        speeds.append(distance_km(_city(before), _city(after)) / hours)
    return round(max(speeds), 1)


def _city(login: LoginEvent) -> City:
    place = login.attributes
    assert place.latitude is not None
    assert place.longitude is not None, "logins of scenarios carry their coordinates"
    return City(place.city or "", place.latitude, place.longitude)


def _describe(kind: str, baseline: Baseline) -> str:
    expected = "" if baseline.expected is None else f"; usual is {baseline.expected:g}"
    return f"{kind.replace('_', ' ').capitalize()}: {baseline.metric} {baseline.observed:g}{expected}."
