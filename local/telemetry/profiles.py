"""The customers that the simulator plays, as the tool server exports them: one JSON object a line."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contracts.telemetry import CountryCode, CustomerId, Latitude, Longitude


class ProfilesUnusable(Exception):
    """The profiles cannot be read; the message says why and how to mend it."""


class _Exported(BaseModel):
    """Keys that the simulator does not use are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Device(_Exported):
    device_id: str
    name: str | None = None


class StoryCharge(_Exported):
    """A charge that the customer's records hold under the same id. `amount_minor` is in minor units of `currency`."""

    charge_id: str
    merchant: str
    amount_minor: int
    currency: str
    country: CountryCode


class Story(_Exported):
    """What the records tell of this customer: where, on which device and at what price."""

    kind: str
    fraud: bool
    signal: str | None = None
    """The kind of event that gives the story away, if the export says so."""
    country: CountryCode
    city: str | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    device_id: str | None = None
    ip: str | None = None
    charges: tuple[StoryCharge, ...] = ()
    gb: float | None = None
    auth_failures: int = 0
    api_calls: int = 0


class Profile(_Exported):
    """What is usual for one customer."""

    customer_id: CustomerId
    name: str = ""
    home_country: CountryCode
    home_city: str
    home_latitude: Latitude
    home_longitude: Longitude
    usual_devices: tuple[Device, ...] = Field(min_length=1)
    usual_ips: tuple[str, ...] = Field(min_length=1)
    daily_gb_typical: float = Field(gt=0)
    typical_charge_minor: int = Field(gt=0)
    currency: str
    story: Story | None = None


HOW_TO_EXPORT = "make it with `python -m mcp_server export-profiles --out FILE`"


def read_profiles(path: Path) -> tuple[Profile, ...]:
    """All profiles of the file, in order of customer id. Raises ProfilesUnusable."""
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ProfilesUnusable(f"Cannot read the profiles file {path} ({why}): {HOW_TO_EXPORT}.") from error
    profiles: dict[int, Profile] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip():
            profile = _read_line(path, number, line)
            profiles[profile.customer_id] = profile
    if not profiles:
        raise ProfilesUnusable(f"The profiles file {path} holds no customer: {HOW_TO_EXPORT}.")
    return tuple(_in_order(profiles))


def _read_line(path: Path, number: int, line: str) -> Profile:
    try:
        return Profile.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(step) for step in first["loc"])
        where = f"line {number}" + (f", field '{field}'" if field else "")
        raise ProfilesUnusable(
            f"The profiles file {path} is not usable ({where}: {first['msg']}): {HOW_TO_EXPORT}."
        ) from error


def _in_order(profiles: Mapping[int, Profile]) -> list[Profile]:
    return [profiles[customer_id] for customer_id in sorted(profiles)]
