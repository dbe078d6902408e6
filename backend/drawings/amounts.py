"""Amounts and usage readings over time, with what was usual and what the one that raised the alert had to pass."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import NamedTuple

from backend.detection.descriptions import counted, number
from backend.drawings.axes import Scale, seconds_of, time_scale, value_scale
from backend.drawings.canvas import WIDTH, Canvas, LegendEntry
from backend.drawings.labels import in_order, shown, when
from backend.drawings.plot import BOTTOM, LEFT, RIGHT, TOP, Level, baseline_band, levels, time_axis, value_axis
from contracts.alert import Alert, Baseline
from contracts.drawing import Drawing, MarkRole
from contracts.money import minor_digits
from contracts.telemetry import DataUsageEvent, TelemetryEvent, TransactionEvent

_AMOUNT_METRIC = "charge_amount_"
_LARGEST_WRITTEN = 1e15


class _Reading(NamedTuple):
    """One value of the history."""

    event: TelemetryEvent
    value: float
    role: MarkRole
    text: str


@dataclass(frozen=True)
class _Subject:
    """What is drawn, in words."""

    title: str
    axis: str
    noun: str
    where: str
    """What the band is of."""
    written: Callable[[float], str]
    role_texts: dict[MarkRole, str]


def amount_history(alert: Alert) -> Drawing | None:
    """Charges in the currency of the one that raised the alert; None without one."""
    events = [
        each for each in in_order(alert.trigger_events, alert.recent_events) if isinstance(each, TransactionEvent)
    ]
    triggers = _ids(alert)
    raised = [each for each in events if each.event_id in triggers]
    if not raised:
        return None
    currency = raised[-1].attributes.currency
    same = [each for each in events if each.attributes.currency == currency]
    notes: list[str] = []
    if others := len(events) - len(same):
        notes.append(f"{counted(others, 'transaction')} in other currencies {_is_or_are(others)} not drawn.")
    baseline = alert.baseline
    if baseline is not None and baseline.metric != f"{_AMOUNT_METRIC}{currency}":
        baseline = None
    subject = _Subject(
        title=f"Amounts in {currency}",
        axis=f"Amount, {currency}",
        noun="transaction",
        where="usual amounts",
        written=lambda value: _money(value, currency),
        role_texts={"event": "other transactions of this customer", "refund": "refunds, below zero"},
    )
    readings = [_amount(event, is_trigger=event.event_id in triggers) for event in same]
    return _drawn(readings, baseline, subject, notes)


def _amount(event: TransactionEvent, *, is_trigger: bool) -> _Reading:
    said = event.attributes
    is_refund = said.type == "refund"
    amount = -said.amount if is_refund else said.amount
    role: MarkRole = "trigger" if is_trigger else "refund" if is_refund else "event"
    details = [_exactly(amount, said.currency), said.type or "purchase"]
    details += [shown(each) for each in (said.merchant, said.terminal_id) if each]
    return _Reading(event, float(amount), role, ", ".join(details))


def usage_history(alert: Alert) -> Drawing | None:
    """Usage readings; None without one that raised the alert."""
    triggers = _ids(alert)
    events = [each for each in in_order(alert.trigger_events, alert.recent_events) if isinstance(each, DataUsageEvent)]
    if not any(event.event_id in triggers for event in events):
        return None
    readings = [
        _Reading(
            event,
            event.attributes.gb,
            "trigger" if event.event_id in triggers else "event",
            f"{_short(event.attributes.gb)} GB",
        )
        for event in events
    ]
    subject = _Subject(
        title="Usage readings",
        axis="GB in one reading",
        noun="reading",
        where="usual at this time of the week",
        written=lambda value: f"{_short(value)} GB",
        role_texts={"event": "other readings of this customer"},
    )
    return _drawn(readings, alert.baseline, subject, [])


def _ids(alert: Alert) -> set[str]:
    return {event.event_id for event in alert.trigger_events}


def _is_or_are(count: int) -> str:
    return "is" if count == 1 else "are"


def _money(value: float, currency: str) -> str:
    if abs(value) >= _LARGEST_WRITTEN or not isfinite(value):
        return f"{value:.3g} {currency}"
    return f"{value:,.{minor_digits(currency)}f} {currency}"


def _exactly(amount: Decimal, currency: str) -> str:
    return f"{amount:,.{minor_digits(currency)}f} {currency}"


def _short(value: float) -> str:
    return f"{value:.3g}" if abs(value) >= _LARGEST_WRITTEN or 0 < abs(value) < 0.005 else number(value)


def _drawn(readings: Sequence[_Reading], baseline: Baseline | None, subject: _Subject, notes: Sequence[str]) -> Drawing:
    canvas = Canvas()
    times = time_scale([seconds_of(reading.event.occurred_at) for reading in readings], LEFT, RIGHT)
    shown_levels = _levels(baseline, subject)
    bounds = [] if baseline is None else [each for each in (baseline.lower, baseline.upper) if each is not None]
    usual = None if baseline is None else baseline.expected or baseline.upper
    drawn = [*(reading.value for reading in readings), *(level.value for level in shown_levels), *bounds]
    scale = value_scale(drawn, usual, BOTTOM, TOP)
    has_band = baseline is not None and baseline.lower is not None and baseline.upper is not None
    if baseline is not None and baseline.lower is not None and baseline.upper is not None:
        tip = f"{subject.where}: {subject.written(baseline.lower)} to {subject.written(baseline.upper)}"
        baseline_band(canvas, scale, baseline.lower, baseline.upper, tip)
    value_axis(canvas, scale, subject.axis)
    levels(canvas, scale, shown_levels)
    height = BOTTOM + time_axis(canvas, times, BOTTOM)
    below = _marks(canvas, times, scale, readings)
    said = [*notes]
    if below:
        said.append(f"{counted(below, subject.noun)} below the logarithmic axis {_is_or_are(below)} drawn at its foot.")
    height += canvas.legend(_legend(readings, subject, has_band=has_band, shown=shown_levels), height + 4) + 8
    return Drawing(
        kind="history",
        title=subject.title,
        summary=_summary(readings, baseline, subject),
        width=WIDTH,
        height=height,
        marks=canvas.marks,
        notes=tuple(said),
        columns=("Time", "What", "Raised the alert"),
        rows=tuple(
            (when(each.event.occurred_at), each.text, "yes" if each.role == "trigger" else "") for each in readings
        ),
    )


def _levels(baseline: Baseline | None, subject: _Subject) -> list[Level]:
    if baseline is None:
        return []
    found = [Level("trigger", baseline.observed, subject.written(baseline.observed))]
    if baseline.threshold is not None:
        found.append(Level("threshold", baseline.threshold, f"alert above {_bare(subject, baseline.threshold)}"))
    if baseline.expected is not None:
        found.append(Level("expected", baseline.expected, f"usual {_bare(subject, baseline.expected)}"))
    return found


def _bare(subject: _Subject, value: float) -> str:
    """Without the unit, which is on the axis."""
    return subject.written(value).rsplit(" ", 1)[0]


def _marks(canvas: Canvas, times: Scale, scale: Scale, readings: Sequence[_Reading]) -> int:
    """Returns how many are below a logarithmic axis."""
    below = 0
    for reading in sorted(readings, key=lambda each: each.role == "trigger"):
        x, y = times.place(seconds_of(reading.event.occurred_at)), scale.place(reading.value)
        below += scale.is_log and not scale.holds(reading.value)
        tip = f"{when(reading.event.occurred_at)}: {reading.text}"
        if reading.role == "trigger":
            canvas.path("trigger", ((x, BOTTOM), (x, y)))
        canvas.symbol(reading.role, x, y, 5.5 if reading.role == "trigger" else 3.6, tip)
    return below


def _legend(
    readings: Sequence[_Reading], subject: _Subject, *, has_band: bool, shown: Sequence[Level]
) -> list[LegendEntry]:
    roles = {reading.role for reading in readings}
    entries = [LegendEntry("trigger", f"the {subject.noun} that raised the alert")]
    entries += [LegendEntry(role, text) for role, text in subject.role_texts.items() if role in roles]
    if has_band:
        entries.append(LegendEntry("band", subject.where))
    names: dict[MarkRole, str] = {"expected": "usual", "threshold": "what it had to pass"}
    return entries + [LegendEntry(level.role, names[level.role]) for level in shown if level.role in names]


def _summary(readings: Sequence[_Reading], baseline: Baseline | None, subject: _Subject) -> str:
    raised = [reading for reading in readings if reading.role == "trigger"]
    first, last = readings[0].event.occurred_at, readings[-1].event.occurred_at
    text = (
        f"Plot of {counted(len(readings), subject.noun)} from {when(first)} to {when(last)}; "
        f"the alert was raised by {raised[-1].text.partition(', ')[0]}"
    )
    if baseline is not None:
        if baseline.expected is not None:
            text += f", usual is {subject.written(baseline.expected)}"
        if baseline.lower is not None and baseline.upper is not None:
            text += f" ({subject.written(baseline.lower)} to {subject.written(baseline.upper)})"
        if baseline.threshold is not None:
            text += f", alert above {subject.written(baseline.threshold)}"
    return f"{text}."
