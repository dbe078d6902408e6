"""Countries and coordinates of an event: read in other spellings, or unknown, and never the loss of the event."""

import pytest

from tests.unit.contracts.telemetry_lines import ATTRIBUTES, judged, line


@pytest.mark.parametrize("country", ["", "T1", "XX", "ZZ", "A1", "ITA", "Italy", "EU", 39, True, ["IT"], "QQ", "İT"])
@pytest.mark.parametrize("kind", ["login", "auth_failure", "transaction"])
def test_unknown_country_is_kept_and_not_evaluated(kind: str, country: object) -> None:
    attributes, mended = judged(line(kind, {"country": country}))

    assert "country" not in attributes
    assert attributes.get("unused_fields") == ({"country": country} if country else None)
    assert mended == {"country_unknown": 1}


@pytest.mark.parametrize(("given", "code"), [("it", "IT"), (" IT ", "IT"), ("UK", "GB"), ("el", "GR")])
def test_a_country_is_read_in_other_spellings(given: str, code: str) -> None:
    attributes, mended = judged(line("login", {"country": given}))
    assert (attributes["country"], mended) == (code, {"country_spelt": 1})


def test_kosovo_is_a_country() -> None:
    assert judged(line("login", {"country": "XK"})) == ({**ATTRIBUTES["login"], "country": "XK", "success": True}, {})


@pytest.mark.parametrize(
    "place",
    [
        {"latitude": 0, "longitude": 0},
        {"latitude": "0.0", "longitude": -0.0},
        {"latitude": 0.001, "longitude": -0.002},
        {"latitude": 91, "longitude": 12},
        {"latitude": 41, "longitude": 512.5},
        {"latitude": None},
        {"longitude": None},
        {"latitude": "41,9"},
        {"latitude": True},
        {"longitude": [12.5]},
        {"latitude": "nan"},
    ],
)
def test_a_place_that_is_none_is_unknown(place: dict[str, object]) -> None:
    attributes, mended = judged(line("login", place))

    assert not {"latitude", "longitude"} & attributes.keys()
    assert (attributes["country"], mended) == ("IT", {"place_unknown": 1})


@pytest.mark.parametrize("place", [{"latitude": 0.0, "longitude": 9.45}, {"latitude": "41.9", "longitude": "12.5"}])
def test_place_on_the_equator_or_as_text_counts(place: dict[str, object]) -> None:
    attributes, mended = judged(line("login", place))
    assert (attributes["latitude"], attributes["longitude"]) == tuple(map(float, map(str, place.values())))
    assert mended == {}
