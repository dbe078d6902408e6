"""How many failures, calls or charges there were, up to the one that raised the alert, and where they came from."""

from collections.abc import Iterable, Sequence
from math import isfinite

from backend.detection.descriptions import counted, number
from backend.drawings.axes import Scale, seconds_of, time_scale, value_scale
from backend.drawings.canvas import WIDTH, Canvas, LegendEntry
from backend.drawings.counted import CALLS, CHARGES, FAILURES, Counted, is_refused
from backend.drawings.labels import brief, in_order, when
from backend.drawings.plot import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    LaneMark,
    Level,
    baseline_band,
    grouped,
    lanes,
    levels,
    time_axis,
    value_axis,
)
from contracts.alert import Alert, Baseline
from contracts.drawing import Drawing
from contracts.telemetry import TelemetryEvent

_MOST_LANES = 6
_LEAST_LEAD_S = 60.0
_OTHERS_AXIS = "Customers with failed logins from the address"
_OF_OTHERS = "sprayed_customers"
"""What such a metric counts are customers of the address, and not the events of the alert."""


def failure_history(alert: Alert) -> Drawing | None:
    """Failed logins by address, with logins that succeeded among them."""
    return _history(alert, FAILURES)


def call_history(alert: Alert) -> Drawing | None:
    """API calls by endpoint, refused ones marked."""
    return _history(alert, CALLS)


def charge_history(alert: Alert) -> Drawing | None:
    """Charges by merchant or terminal."""
    return _history(alert, CHARGES)


def _history(alert: Alert, subject: Counted) -> Drawing | None:
    raised = [event for event in in_order(alert.trigger_events) if subject.is_shown(event)]
    if not raised:
        return None
    events = _around(alert, raised, subject)
    counted_ones = [event for event in raised if subject.is_counted(event)]
    baseline = alert.baseline
    of_others = baseline is not None and baseline.metric.startswith(_OF_OTHERS)
    points = _counts(counted_ones, baseline)
    if of_others or not points:
        points = [(raised[-1], 0.0 if baseline is None else baseline.observed)]
    times = time_scale([seconds_of(event.occurred_at) for event in events], LEFT, RIGHT)
    canvas = Canvas()
    _curve(canvas, times, points, raised[-1], baseline, _OTHERS_AXIS if of_others else subject.axis, subject)
    height = _lanes_and_legend(canvas, times, events, baseline, subject)
    return Drawing(
        kind="history",
        title=subject.title,
        summary=_summary(events, counted_ones, baseline, subject, of_others=of_others),
        width=WIDTH,
        height=height,
        marks=canvas.marks,
        notes=tuple(_notes(counted_ones, baseline, subject, of_others=of_others)),
        columns=("Time", "What", "Of the evidence"),
        rows=tuple(
            (
                when(event.occurred_at),
                subject.said(event),
                "raised the alert" if event in raised else "before or beside",
            )
            for event in events
        ),
    )


def _lanes_and_legend(
    canvas: Canvas, times: Scale, events: Sequence[TelemetryEvent], baseline: Baseline | None, subject: Counted
) -> float:
    """Returns the height of the whole."""
    named = [(subject.lane(event), _lane_mark(event, subject)) for event in events]
    height = BOTTOM + 10
    height += lanes(canvas, times, grouped(named, _MOST_LANES, f"{{}} other {subject.lane_noun}"), height)
    height += time_axis(canvas, times, height)
    return height + canvas.legend(_legend(events, baseline, subject), height + 4) + 8


def _around(alert: Alert, raised: Sequence[TelemetryEvent], subject: Counted) -> list[TelemetryEvent]:
    """The events that raised the alert, and what else happened in as long a time before them."""
    first, last = raised[0].occurred_at, raised[-1].occurred_at
    lead = max((last - first).total_seconds(), _LEAST_LEAD_S)
    ids = {event.event_id for event in raised}
    beside = tuple(
        event
        for event in alert.recent_events
        if event.event_id not in ids
        and subject.is_shown(event)
        and -lead <= (event.occurred_at - first).total_seconds()
        and event.occurred_at <= last
    )
    return in_order(tuple(raised), beside)


def _counts(events: Sequence[TelemetryEvent], baseline: Baseline | None) -> list[tuple[TelemetryEvent, float]]:
    """How many there had been at each event. The last one makes what was observed; the alert has the newest."""
    observed = len(events) if baseline is None else baseline.observed
    before = max(observed - len(events), 0.0)
    return [(event, before + number) for number, event in enumerate(events, start=1)]


def _curve(
    canvas: Canvas,
    times: Scale,
    points: Sequence[tuple[TelemetryEvent, float]],
    trigger: TelemetryEvent,
    baseline: Baseline | None,
    axis: str,
    subject: Counted,
) -> None:
    shown_levels = _levels(baseline)
    scale = value_scale([*(value for _, value in points), *(level.value for level in shown_levels)], None, BOTTOM, TOP)
    if baseline is not None and baseline.expected is not None and baseline.expected > 0:
        baseline_band(canvas, scale, 0.0, baseline.expected, f"usual: up to {_count(baseline.expected)}")
    value_axis(canvas, scale, axis)
    levels(canvas, scale, shown_levels)
    canvas.path("grid", ((LEFT, BOTTOM), (RIGHT, BOTTOM)))
    line: list[tuple[float, float]] = []
    for event, value in points:
        x, y = times.place(seconds_of(event.occurred_at)), scale.place(value)
        line += [(x, line[-1][1] if line else scale.place(max(value - 1, 0.0))), (x, y)]
    x, y = times.place(seconds_of(trigger.occurred_at)), scale.place(points[-1][1])
    canvas.path("series", [*line, (x, y)])
    canvas.path("trigger", ((x, BOTTOM), (x, y)))
    canvas.symbol("trigger", x, y, 5.5, f"{when(trigger.occurred_at)}: {subject.said(trigger)}")


def _levels(baseline: Baseline | None) -> list[Level]:
    if baseline is None:
        return []
    found = [Level("trigger", baseline.observed, _count(baseline.observed))]
    if baseline.threshold is not None:
        found.append(Level("threshold", baseline.threshold, f"alert at {_count(baseline.threshold)}"))
    if baseline.expected is not None:
        found.append(Level("expected", baseline.expected, f"usual {_count(baseline.expected)}"))
    return found


def _count(value: float) -> str:
    return number(value) if isfinite(value) and abs(value) < 1e6 else brief(value)


def _lane_mark(event: TelemetryEvent, subject: Counted) -> LaneMark:
    tip = f"{when(event.occurred_at)}: {subject.said(event)}"
    return LaneMark(subject.role(event), seconds_of(event.occurred_at), tip)


def _legend(events: Iterable[TelemetryEvent], baseline: Baseline | None, subject: Counted) -> Iterable[LegendEntry]:
    yield LegendEntry("trigger", "when the alert was raised")
    roles = {subject.role(event) for event in events}
    for role, text in subject.roles.items():
        if role in roles:
            yield LegendEntry(role, text)
    if baseline is not None and (baseline.expected or 0.0) > 0:
        yield LegendEntry("band", "usual")
    if baseline is not None and baseline.threshold is not None:
        yield LegendEntry("threshold", "what raises an alert")


def _refused_share(events: Sequence[TelemetryEvent]) -> str:
    refused = sum(map(is_refused, events))
    return f"{refused} of {len(events)} refused ({refused / len(events):.0%})"


def _summary(
    events: Sequence[TelemetryEvent],
    counted_ones: Sequence[TelemetryEvent],
    baseline: Baseline | None,
    subject: Counted,
    *,
    of_others: bool,
) -> str:
    first, last = events[0].occurred_at, events[-1].occurred_at
    observed = len(counted_ones) if baseline is None else baseline.observed
    if of_others:
        text = f"Plot of {_count(observed)} customers with failed logins from one address"
    else:
        text = f"Plot of {_count(observed)} {subject.noun}{'' if observed == 1 else 's'}"
    text += f" from {when(first)} to {when(last)}"
    if subject is CALLS and counted_ones:
        text += f", {_refused_share(counted_ones)}"
    successes = sum(subject.role(event) == "success" for event in events)
    if successes:
        text += f", {counted(successes, 'successful login')} among them"
    if baseline is not None and baseline.expected is not None:
        text += f"; usual is {_count(baseline.expected)}"
    if baseline is not None and baseline.threshold is not None:
        text += f"; alert at {_count(baseline.threshold)}"
    return f"{text}."


def _notes(
    counted_ones: Sequence[TelemetryEvent], baseline: Baseline | None, subject: Counted, *, of_others: bool
) -> Iterable[str]:
    if subject is CALLS and counted_ones:
        yield f"{_refused_share(counted_ones).capitalize()}."
    if of_others:
        yield "The events are those of this customer; those of the others are not part of this alert."
    elif baseline is not None and baseline.observed > len(counted_ones) > 0:
        yield f"The alert has the newest {len(counted_ones)} of {_count(baseline.observed)}."
