"""Whatever an alert holds, its drawings are whole: finite, within their frame, and the same in numbers."""

from collections.abc import Iterator
from math import isfinite

from hypothesis import HealthCheck, given, settings

from backend.drawings import drawings_of
from backend.drawings.labels import width_of
from contracts.alert import Alert
from contracts.drawing import Drawing, Mark, Point
from tests.unit.backend.drawings.random_alerts import alerts

_FORM = 10.0
"""How far the form of a symbol reaches from its middle, which may lie on the edge of a map."""


def corners(mark: Mark) -> Iterator[Point]:
    """The outermost points of a mark."""
    match mark.shape:
        case "path":
            yield from mark.points
        case "circle":
            yield mark.x, mark.y
        case "rect":
            yield mark.x, mark.y
            yield mark.x + mark.width, mark.y + mark.height
        case "text":
            width = width_of(mark.text)
            left = mark.x - {"start": 0.0, "middle": width / 2, "end": width}[mark.anchor]
            yield left, mark.y
            yield left + width, mark.y


def outside(drawing: Drawing) -> list[Mark]:
    """The marks that are not within the frame; of symbols, the middle is."""

    def is_within(mark: Mark) -> bool:
        room = _FORM if mark.shape == "path" and mark.closed else 0.1
        return all(
            isfinite(x) and -room <= x <= drawing.width + room and -room <= y <= drawing.height + room
            for x, y in corners(mark)
        )

    return [mark for mark in drawing.marks if not is_within(mark)]


@given(alerts)
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_any_alert_is_drawn_within_its_frame(alert: Alert) -> None:
    for drawing in drawings_of(alert):
        assert outside(drawing) == []
        assert isfinite(drawing.height)
        assert drawing.summary.endswith(".")
        assert len(drawing.summary) < 1_000
        assert all(len(row) == len(drawing.columns) for row in drawing.rows)
        assert Drawing.model_validate_json(drawing.model_dump_json()) == drawing


@given(alerts)
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_an_alert_is_always_drawn_the_same(alert: Alert) -> None:
    assert drawings_of(alert) == drawings_of(Alert.model_validate_json(alert.model_dump_json()))
