"""The elements that stories share: far places, unknown devices, and the summary for the telemetry simulator."""

from collections.abc import Sequence

from mcp_server.contoso.draft import Draft, Place
from mcp_server.contoso.geography import COUNTRIES, anonymous_address, distance_km
from mcp_server.records.charge import Charge
from mcp_server.records.profile import FraudKind, InnocentKind, Signal, Story, StoryCharge

FAR_KM = 2000.0
"""Too far to be reached within two hours by any means."""
_VISITORS = 2000
_STRANGERS = 3000


def abroad(draft: Draft, *, visitor: bool) -> Place:
    """A far city that no plan of the customer covers. Travellers and fraudsters draw from the same cities."""
    person = draft.person
    choices = [
        (country, city)
        for country in COUNTRIES.values()
        if country.code != person.country.code and country.code not in person.country.roams_in
        for city in country.cities
        if distance_km(city, person.city) > FAR_KM
    ]
    country, city = draft.chance.choice(choices)
    number = (_VISITORS if visitor else _STRANGERS) + draft.chance.randrange(900)
    return Place(country, city, country.address(number))


def anonymous(draft: Draft) -> Place:
    """The home city as a hosting company reports it for somebody who hides behind it."""
    return Place(draft.person.country, draft.person.city, anonymous_address(draft.chance.randrange(250)))


def strange_device(draft: Draft) -> str:
    """A device that nobody at Contoso has seen before."""
    return f"dev-x{draft.chance.getrandbits(32):08x}"


def story(
    draft: Draft,
    kind: FraudKind | InnocentKind,
    signal: Signal,
    place: Place,
    device_id: str | None,
    *,
    fraud: bool = False,
    charges: Sequence[Charge] = (),
    gb: float | None = None,
    auth_failures: int = 0,
    api_calls: int = 0,
) -> Story:
    """The story for the telemetry simulator, with the charges' ids of the store."""
    return Story(
        kind=kind,
        fraud=fraud,
        signal=signal,
        country=place.country.code,
        city=place.city.name,
        latitude=place.city.latitude,
        longitude=place.city.longitude,
        device_id=device_id,
        ip=place.ip,
        charges=tuple(
            StoryCharge(
                charge_id=charge.charge_id,
                merchant=charge.merchant,
                amount_minor=charge.amount_minor,
                currency=draft.person.country.currency,
                country=charge.country,
            )
            for charge in charges
        ),
        gb=gb,
        auth_failures=auth_failures,
        api_calls=api_calls,
    )
