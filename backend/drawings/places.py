"""Where a login came from."""

from backend.drawings.globe import Place
from contracts.telemetry import LoginEvent

NO_PLACE = Place(0.0, 0.0)
"""What systems write that do not know where somebody is."""


def place_of(login: LoginEvent) -> Place | None:
    """Where it came from; None where it does not say, or says 0,0."""
    latitude, longitude = login.attributes.latitude, login.attributes.longitude
    if latitude is None or longitude is None or (latitude, longitude) == NO_PLACE:
        return None
    return Place(latitude, longitude)
