"""Innocent explanations of an alert's events: the customer's own device, a roaming package, a journey, a plan.

Only what is older than the alert explains anything. That nothing looks wrong is no explanation.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta

from contracts.telemetry import AuthFailureEvent, DataUsageEvent, LoginEvent, TelemetryEvent, TransactionEvent
from screening import thresholds
from screening.dossier import Dossier
from screening.journeys import explains_new_device, travel_grounds
from screening.records import Charge
from screening.usage import more_is_expected


def unexplained(dossier: Dossier) -> tuple[TelemetryEvent, ...]:
    """The trigger events that no record explains."""
    return tuple(event for event in dossier.triggers if not _EXPLAINS[event.kind](dossier, event))


def _login(dossier: Dossier, event: TelemetryEvent) -> bool:
    assert isinstance(event, LoginEvent)
    return was_known(dossier, event.attributes.device_id) and _may_be_in(dossier, event.attributes.country)


def _failure(dossier: Dossier, event: TelemetryEvent) -> bool:
    """Explained when the device that failed, or one that got in soon after from the same address, is an own one."""
    assert isinstance(event, AuthFailureEvent)
    place = event.attributes
    if not _may_be_in(dossier, place.country):
        return False
    named = (place.model_extra or {}).get("device_id")
    if isinstance(named, str):
        return was_known(dossier, named)
    return place.ip is not None and any(
        entry.event == "login" and entry.ip == place.ip and was_known(dossier, entry.device_id)
        for entry in dossier.security
        if timedelta() <= entry.at - event.occurred_at <= timedelta(hours=thresholds.AFTER_BURST_HOURS)
    )


def _transaction(dossier: Dossier, event: TelemetryEvent) -> bool:
    assert isinstance(event, TransactionEvent)
    charge = next((each for each in dossier.charges if each.charge_id == event.attributes.charge_id), None)
    if charge is None or charge.status == "disputed":
        return False
    if not _may_be_in(dossier, charge.country):
        return False
    return _was_expected(dossier, charge)


def _was_expected(dossier: Dossier, charge: Charge) -> bool:
    if charge.device_id is not None:
        return was_known(dossier, charge.device_id)
    abroad = dossier.customer is not None and charge.country not in dossier.customer.own_countries
    return abroad or not dossier.announced.isdisjoint({"gift", "family_plan"})


def _usage(dossier: Dossier, event: TelemetryEvent) -> bool:
    assert isinstance(event, DataUsageEvent)
    return more_is_expected(dossier) or _roams(dossier, event)


def _roams(dossier: Dossier, event: TelemetryEvent) -> bool:
    day = event.occurred_at.date().isoformat()
    used = {each.roaming_country for each in (dossier.usage.days if dossier.usage else ()) if each.day[:10] == day}
    own = dossier.customer.own_countries if dossier.customer else frozenset[str]()
    abroad = used - own - {None}
    return bool(abroad) and all(_may_be_in(dossier, country) for country in abroad)


def _nothing(_dossier: Dossier, _event: TelemetryEvent) -> bool:
    return False


_EXPLAINS: Mapping[str, Callable[[Dossier, TelemetryEvent], bool]] = {
    "login": _login,
    "auth_failure": _failure,
    "transaction": _transaction,
    "data_usage": _usage,
    "api_call": _nothing,
    "account_change": _nothing,
}


def was_known(dossier: Dossier, device_id: str | None) -> bool:
    """Whether the device was the customer's own before the alert: by the log of that time, or explained as a new one.

    That the profile lists it says nothing: it may have been added since. Nor does the log when it remembers the device
    as a stranger's: whoever adds a device is known from then on.
    """
    entries = [entry for entry in dossier.security if entry.device_id == device_id]
    always = all(entry.known_device for entry in entries) and any(dossier.is_older(entry.at) for entry in entries)
    return device_id is not None and (always or bool(explains_new_device(dossier, device_id)))


def _may_be_in(dossier: Dossier, country: str | None) -> bool:
    """Whether the customer is at home there, or a record that is older than the alert speaks of a journey to it."""
    own = dossier.customer.own_countries if dossier.customer else frozenset[str]()
    if country is not None and country in own:
        return True
    return country is not None and any(
        ground.weight < thresholds.WEAK_GROUNDS for ground in travel_grounds(dossier, country)
    )
