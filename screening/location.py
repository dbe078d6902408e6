"""The rules of the location specialist: who logged in from where, on which device, and what was changed then."""

from collections.abc import Iterator, Sequence

from screening import thresholds
from screening.dossier import Dossier
from screening.journeys import STAFF_TERMINAL, explains_new_device, is_own_device, travel_grounds
from screening.records import SecurityEntry
from screening.sightings import Burst, Leap, Sighting, alert_sightings, bursts, leaps, logged_sightings
from screening.verdict import Judgement, Signal

CREDENTIAL_EVENTS = {
    "password_reset": "the password was reset",
    "password_changed": "the password was changed",
    "mfa_reset": "multi-factor authentication was reset",
    "mfa_disabled": "multi-factor authentication was switched off",
    "email_changed": "the e-mail address was changed",
    "phone_changed": "the phone number was changed",
    "sim_swap": "the SIM was swapped",
    "device_added": "a device was added",
    "account_unlocked": "the account was unlocked",
}


def judge_location(dossier: Dossier) -> Judgement:
    """Signals from logins, failures and changes of credentials."""
    shown, logged = alert_sightings(dossier), logged_sightings(dossier)
    sightings = tuple(sorted((*shown, *logged), key=lambda seen: seen.at))
    signals = (
        *_abroad(dossier, sightings),
        *_strangers_at_home(dossier, sightings),
        *_impossible_travel(dossier, leaps(shown) or leaps(logged)),
        *_failure_bursts(dossier, (*bursts(shown), *bursts(logged))),
        *_credential_changes(dossier),
        *_staff_changes(dossier),
        *_own_sim_swap(dossier),
    )
    if not signals and dossier.customer is not None and dossier.security:
        signals = (_nothing_unusual(dossier),)
    return Judgement(signals, _missing(dossier))


def _missing(dossier: Dossier) -> str | None:
    if dossier.customer is None:
        return "There is no customer record to compare the logins with."
    if dossier.is_neutral or dossier.customer.home_country is None:
        return "Nothing is on record about where this customer usually is or which devices they use."
    if not dossier.security:
        return "The security log holds no entry for this customer."
    return None


def _is_abroad(dossier: Dossier, country: str | None) -> bool:
    own = dossier.customer.own_countries if dossier.customer else frozenset[str]()
    return bool(own) and country is not None and country not in own


def _is_stranger(dossier: Dossier, seen: Sighting | SecurityEntry) -> bool:
    return seen.known_device is False and not is_own_device(dossier, seen.device_id)


def _is_familiar(dossier: Dossier, seen: Sighting) -> bool:
    return bool(seen.known_device) or is_own_device(dossier, seen.device_id)


def _cited(sightings: Sequence[Sighting]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(evidence for seen in sightings[-8:] for evidence in seen.evidence_ids))


def _abroad(dossier: Dossier, sightings: Sequence[Sighting]) -> Iterator[Signal]:
    """One group of signals for each foreign country in which somebody got in."""
    foreign = [seen for seen in sightings if seen.success and _is_abroad(dossier, seen.country)]
    home = dossier.customer.home_country if dossier.customer else None
    for country in sorted({seen.country for seen in foreign if seen.country}):
        there = [seen for seen in foreign if seen.country == country]
        grounds = travel_grounds(dossier, country)
        strangers = [seen for seen in there if _is_stranger(dossier, seen)]
        familiar = [seen for seen in there if _is_familiar(dossier, seen)]
        if strangers:
            yield Signal(
                f"A device that is not the customer's logged in from {country}; home is {home}.",
                thresholds.UNKNOWN_DEVICE_ABROAD,
                (*dossier.cite("get_customer"), *_cited(strangers)),
            )
        elif familiar:
            weight = thresholds.KNOWN_DEVICE_ABROAD_EXPLAINED if grounds else thresholds.KNOWN_DEVICE_ABROAD_UNEXPLAINED
            ending = "" if grounds else ", and no record explains the journey"
            yield Signal(
                f"The customer's own device logged in from {country}{ending}.",
                weight,
                (*dossier.cite("get_customer"), *_cited(familiar)),
            )
        else:
            yield Signal(
                f"Somebody logged in from {country} (home is {home}), and no device was recorded.",
                thresholds.UNIDENTIFIED_DEVICE_ABROAD,
                (*dossier.cite("get_customer"), *_cited(there)),
            )
        for ground in grounds:
            weight = thresholds.WEAK_GROUNDS if strangers else ground.weight
            yield Signal(ground.statement, weight, ground.evidence_ids)


def _strangers_at_home(dossier: Dossier, sightings: Sequence[Sighting]) -> Iterator[Signal]:
    """A stranger's device that got in; or else a device that is the customer's now, though it was not then."""
    at_home = [seen for seen in sightings if seen.known_device is False and not _is_abroad(dossier, seen.country)]
    strangers = [seen for seen in at_home if seen.success and not is_own_device(dossier, seen.device_id)]
    newcomers = [seen for seen in at_home if is_own_device(dossier, seen.device_id)]
    if strangers:
        yield Signal(
            "A device that is not on record logged in from the customer's own country.",
            thresholds.UNKNOWN_DEVICE_AT_HOME,
            _cited(strangers),
        )
        yield from _orders_by(dossier, {seen.device_id for seen in strangers})
    elif newcomers:
        explained_by = explains_new_device(dossier, newcomers[-1].device_id) or dossier.cite("get_customer")
        yield Signal(
            "The unfamiliar device is a new one of the customer's own.",
            thresholds.NEW_DEVICE_EXPLAINED,
            (*explained_by, *_cited(newcomers)),
        )


def _orders_by(dossier: Dossier, strangers: set[str | None]) -> Iterator[Signal]:
    placed = [order for order in dossier.orders if order.device_id is not None and order.device_id in strangers]
    if placed:
        yield Signal(
            f"The same stranger's device placed {len(placed)} order{'s' if len(placed) > 1 else ''}.",
            thresholds.STRANGER_ORDERS,
            dossier.cite("get_orders", "get_security_logs"),
        )


def _impossible_travel(dossier: Dossier, found: Sequence[Leap]) -> Iterator[Signal]:
    if not found:
        return
    leap = found[-1]
    abroad = next((c for c in (leap.after.country, leap.before.country) if _is_abroad(dossier, c)), leap.after.country)
    has_grounds = bool(travel_grounds(dossier, abroad))
    strange = any(_is_stranger(dossier, seen) for seen in (leap.before, leap.after))
    explained = has_grounds and not strange
    yield Signal(
        f"Logins from {leap.before.country} at {leap.before.at:%H:%M} and from {leap.after.country} at "
        f"{leap.after.at:%H:%M} UTC are too far apart for one person, "
        + ("though the records do speak of a journey." if explained else "and no journey explains it."),
        thresholds.IMPOSSIBLE_TRAVEL_EXPLAINED if explained else thresholds.IMPOSSIBLE_TRAVEL,
        leap.evidence_ids,
    )


def _failure_bursts(dossier: Dossier, found: Sequence[Burst]) -> Iterator[Signal]:
    """The worst burst, and the most innocent one: a live burst may be what the log tells to its end."""
    signals = sorted((_judge_burst(dossier, burst) for burst in found), key=lambda signal: signal.weight)
    if signals:
        yield signals[-1]
        if signals[0].weight < 0 < signals[-1].weight:
            yield signals[0]


def _judge_burst(dossier: Dossier, burst: Burst) -> Signal:
    count, success = len(burst.failures), burst.success
    failing = {failure.ip for failure in burst.failures if failure.ip}
    foreign = any(_is_abroad(dossier, failure.country) for failure in burst.failures)
    if success is None:
        weight = thresholds.FAILURES_FROM_STRANGERS if foreign else thresholds.FAILURES_FROM_HOME
        where = "from abroad" if foreign else "from the customer's own country"
        if dossier.customer is None or not dossier.customer.own_countries:
            weight, where = thresholds.FAILURES_FROM_STRANGERS, f"from {len(failing)} addresses"
        if count >= thresholds.MANY_FAILURES or len(failing) >= thresholds.MANY_ADDRESSES:
            weight, where = thresholds.FAILURES_OF_AN_ATTACK, f"from {len(failing)} addresses"
        return Signal(f"{count} failed logins {where}; none succeeded after them.", weight, burst.evidence_ids)
    if _is_familiar(dossier, success) and not _is_abroad(dossier, success.country):
        return Signal(
            f"{count} failed logins, then a success on the customer's own device at home: a forgotten password.",
            thresholds.FORGOTTEN_PASSWORD,
            burst.evidence_ids,
        )
    if _is_stranger(dossier, success) or _is_abroad(dossier, success.country) or success.ip in failing:
        return Signal(
            f"{count} failed logins, then a success that nothing ties to the customer"
            f"{f' (from {success.country})' if success.country else ''}.",
            thresholds.BROKEN_IN_AFTER_FAILURES,
            burst.evidence_ids,
        )
    return Signal(
        f"{count} failed logins, then a success on a device that is not recorded.",
        thresholds.FAILURES_FROM_STRANGERS,
        burst.evidence_ids,
    )


def _credential_changes(dossier: Dossier) -> Iterator[Signal]:
    hostile = [entry for entry in dossier.security if entry.event in CREDENTIAL_EVENTS and _is_hostile(dossier, entry)]
    kinds = list(dict.fromkeys(entry.event for entry in hostile))[: thresholds.MOST_CREDENTIAL_CHANGES]
    cited = dossier.cite("get_security_logs")
    for kind in kinds:
        entry = next(entry for entry in hostile if entry.event == kind)
        where = f" from {entry.country}" if entry.country else ""
        yield Signal(
            f"On {entry.at:%d %B, %H:%M} UTC {CREDENTIAL_EVENTS[kind]}{where}, not from a device of the customer's.",
            thresholds.CREDENTIAL_CHANGE,
            cited,
        )
    if hostile and "sim_swap" in dossier.topics:
        yield Signal(
            "A support ticket concerns a SIM swap.",
            thresholds.SIM_SWAP_REPORTED,
            dossier.cite("get_support_tickets"),
        )


def _staff_changes(dossier: Dossier) -> Iterator[Signal]:
    """Staff change an account when the customer has asked in the week before; otherwise an insider does."""
    changes = [entry for entry in dossier.security if _by_staff(entry) and entry.event in CREDENTIAL_EVENTS]
    if not changes:
        return
    did = " and ".join(dict.fromkeys(CREDENTIAL_EVENTS[entry.event] for entry in changes))
    terminal, cited = changes[0].device_id, dossier.cite("get_security_logs", "get_support_tickets")
    if any(_is_hostile(dossier, entry) for entry in changes):
        yield Signal(
            f"At the staff terminal {terminal} {did}, and no ticket of the week before asks for it.",
            thresholds.INSIDER,
            cited,
        )
    else:
        yield Signal(f"At a staff terminal {did}, as the customer had asked.", thresholds.STAFF_WAS_ASKED, cited)


def _by_staff(entry: SecurityEntry) -> bool:
    return (entry.device_id or "").startswith(STAFF_TERMINAL)


def _own_sim_swap(dossier: Dossier) -> Iterator[Signal]:
    """A number that moved to the customer's own new device: it informs, and says why it is no fraud."""
    own = [entry for entry in dossier.security if entry.event == "sim_swap" and is_own_device(dossier, entry.device_id)]
    if own and (why := explains_new_device(dossier, own[-1].device_id)):
        yield Signal(
            "The number was moved to a new device of the customer's own, which the records announce.",
            0.0,
            (*why, *dossier.cite("get_security_logs")),
        )


def _is_hostile(dossier: Dossier, entry: SecurityEntry) -> bool:
    if entry.known_device:
        return False
    if _by_staff(entry):
        week = thresholds.STAFF_TICKET_DAYS
        return not dossier.told_before(entry.at, "password", "new_device", "sim_swap", within_days=week)
    if entry.event == "sim_swap":
        return not is_own_device(dossier, entry.device_id)
    return _is_stranger(dossier, entry) or (_is_abroad(dossier, entry.country) and entry.known_device is None)


def _nothing_unusual(dossier: Dossier) -> Signal:
    return Signal(
        f"All {len(dossier.security)} entries of the security log are from the customer's own places and devices.",
        thresholds.NOTHING_UNUSUAL,
        dossier.cite("get_customer", "get_security_logs"),
    )
