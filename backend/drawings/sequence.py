"""What came after what: a change and the transfer after it; logins from places that are on no map."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from backend.detection.descriptions import counted, duration
from backend.drawings.axes import Scale, seconds_of, time_scale
from backend.drawings.canvas import WIDTH, Canvas, LegendEntry
from backend.drawings.labels import in_order, place_name, shown, when
from backend.drawings.places import NO_PLACE
from backend.drawings.plot import LANE_HEIGHT, LEFT, RIGHT, Lane, LaneMark, grouped, lanes, time_axis
from contracts.alert import Alert
from contracts.drawing import Drawing, MarkRole
from contracts.money import written
from contracts.telemetry import AccountChangeEvent, LoginEvent, TelemetryEvent, TransactionEvent

_TOP = 46.0
_CHANGES = {"sim": "SIM", "email": "e-mail address", "phone": "phone number", "address": "postal address"}
_LONGEST_LEAD_S = 7 * 86_400.0
_MOST_GAPS = 12.0
"""Of the time between the two logins: what is farther away would draw them as one."""


class _Step(NamedTuple):
    event: TelemetryEvent
    lane: str
    role: MarkRole
    text: str
    label: str | None


def transfer_sequence(alert: Alert) -> Drawing | None:
    """Changes of means of recovery, and the movements of money after them; None without both."""
    triggers = {event.event_id for event in alert.trigger_events}
    raised = in_order(alert.trigger_events)
    changes = [event for event in raised if isinstance(event, AccountChangeEvent)]
    money = [event for event in raised if isinstance(event, TransactionEvent)]
    if not changes or not money:
        return None
    # Whoever opens a case by hand may name a transfer from before the change.
    before = [event for event in changes if event.occurred_at <= money[-1].occurred_at]
    start = changes[0].occurred_at
    beside = tuple(
        event
        for event in alert.recent_events
        if isinstance(event, AccountChangeEvent | TransactionEvent)
        and event.event_id not in triggers
        and 0 <= (event.occurred_at - start).total_seconds() <= _LONGEST_LEAD_S
        and event.occurred_at <= money[-1].occurred_at
    )
    steps = [_transfer_step(event, triggers) for event in in_order(alert.trigger_events, beside)]
    steps = [step for step in steps if step is not None]
    limit = alert.baseline.threshold if alert.baseline is not None else None
    return _drawn(
        steps,
        "From the change to the transfer",
        {"change": "change of the account", "trigger": "what raised the alert", "event": "other movements of money"},
        None if not before else (before[-1], money[-1]),
        None if limit is None or alert.baseline is None or alert.baseline.metric != "minutes_after_change" else limit,
    )


def _transfer_step(event: TelemetryEvent, triggers: set[str]) -> _Step | None:
    if isinstance(event, AccountChangeEvent):
        what = _CHANGES.get(event.attributes.change, event.attributes.change)
        channel = f" ({shown(event.attributes.channel)})" if event.attributes.channel else ""
        return _Step(event, "changes", "change", f"change of {what}{channel}", what)
    if not isinstance(event, TransactionEvent):
        return None
    said = event.attributes
    amount = written(said.amount, said.currency)
    is_trigger = event.event_id in triggers
    role: MarkRole = "trigger" if is_trigger else "refund" if said.type == "refund" else "event"
    return _Step(event, "money", role, f"{said.type or 'purchase'} of {amount}", amount if is_trigger else None)


def login_sequence(alert: Alert) -> Drawing | None:
    """Logins by place over time, for those that are on no map; None without one that raised the alert."""
    triggers = {event.event_id for event in alert.trigger_events}
    logins = [each for each in in_order(alert.trigger_events, alert.recent_events) if isinstance(each, LoginEvent)]
    raised = [login for login in logins if login.event_id in triggers]
    if not raised:
        return None
    pair = (raised[-2], raised[-1]) if len(raised) > 1 else None
    drawn = [login for login in logins if pair is None or _is_near(login, *pair)]
    steps = [_login_step(login, triggers) for login in drawn]
    notes: list[str] = []
    if earlier := len(logins) - len(drawn):
        notes.append(f"{counted(earlier, 'login')} long before {'is' if earlier == 1 else 'are'} in the numbers only.")
    if any((login.attributes.latitude, login.attributes.longitude) == NO_PLACE for login in raised):
        notes.append("There is no map: the coordinates 0,0 are those of no known place.")
    texts: Mapping[MarkRole, str] = {
        "trigger": "logins that raised the alert",
        "event": "other logins of this customer",
        "failed": "failed login",
    }
    drawing = _drawn(steps, "Logins by place", texts, pair, None)
    rows = tuple(_row(_login_step(login, triggers), pair) for login in logins)
    return drawing.model_copy(update={"notes": tuple(notes), "rows": rows})


def _is_near(login: LoginEvent, start: LoginEvent, end: LoginEvent) -> bool:
    """Whether the two are still apart on an axis that shows this login as well."""
    gap = max((end.occurred_at - start.occurred_at).total_seconds(), 60.0)
    return -_MOST_GAPS * gap <= (login.occurred_at - start.occurred_at).total_seconds() <= (_MOST_GAPS + 1) * gap


def _login_step(login: LoginEvent, triggers: set[str]) -> _Step:
    role: MarkRole = "trigger" if login.event_id in triggers else "event"
    if not login.attributes.success:
        role = "failed"
    name = place_name(login)
    address = f", {shown(login.attributes.ip, 45)}" if login.attributes.ip else ""
    text = f"{'login' if login.attributes.success else 'failed login'} from {name}{address}"
    return _Step(login, name, role, text, None)


def _drawn(
    steps: Sequence[_Step],
    title: str,
    texts: Mapping[MarkRole, str],
    pair: tuple[TelemetryEvent, TelemetryEvent] | None,
    limit_minutes: float | None,
) -> Drawing:
    canvas = Canvas()
    times = time_scale([seconds_of(step.event.occurred_at) for step in steps], LEFT, RIGHT)
    rows = grouped(
        (
            (step.lane, LaneMark(step.role, seconds_of(step.event.occurred_at), _tip(step), step.label))
            for step in steps
        ),
        6,
        "{} other places",
    )
    bottom = _TOP + (LANE_HEIGHT + 12) * len(rows)
    if pair is not None:
        _gap(canvas, times, pair, bottom, limit_minutes)
    for number, row in enumerate(rows):
        lanes(canvas, times, [Lane(row.name, row.marks)], _TOP + 10 + number * (LANE_HEIGHT + 12))
    height = bottom + 4 + time_axis(canvas, times, bottom + 4)
    roles = {step.role for step in steps}
    entries = [LegendEntry(role, text) for role, text in texts.items() if role in roles]
    if pair is not None and limit_minutes is not None:
        entries.append(LegendEntry("band", f"within {duration(timedelta(minutes=_bounded(limit_minutes)))} of it"))
    height += canvas.legend(entries, height + 4) + 8
    return Drawing(
        kind="sequence",
        title=title,
        summary=_summary(steps, pair),
        width=WIDTH,
        height=height,
        marks=canvas.marks,
        columns=("Time", "What", "Raised the alert"),
        rows=tuple(_row(step, pair) for step in steps),
    )


def _row(step: _Step, pair: tuple[TelemetryEvent, TelemetryEvent] | None) -> tuple[str, ...]:
    is_trigger = step.role == "trigger" or (pair is not None and step.event in pair)
    return when(step.event.occurred_at), step.text, "yes" if is_trigger else ""


def _tip(step: _Step) -> str:
    return f"{when(step.event.occurred_at)}: {step.text}"


def _bounded(minutes: float) -> float:
    return min(max(minutes, 0.0), 1e7)


def _gap(
    canvas: Canvas,
    times: Scale,
    pair: tuple[TelemetryEvent, TelemetryEvent],
    bottom: float,
    limit_minutes: float | None,
) -> None:
    """The time between the two, and in which time after the first a second one raises an alert."""
    start, end = (seconds_of(event.occurred_at) for event in pair)
    if limit_minutes is not None:
        until = times.place(start + _bounded(limit_minutes) * 60.0)
        canvas.rect("band", times.place(start), _TOP - 6, until - times.place(start), bottom - _TOP + 6)
    left, right = times.place(start), times.place(end)
    canvas.path("arc", ((left, _TOP - 8), (left, _TOP - 16), (right, _TOP - 16), (right, _TOP - 8)))
    gap = duration(timedelta(seconds=max(end - start, 0.0)))
    canvas.text("label", (left + right) / 2, _TOP - 22, gap, "middle")


def _summary(steps: Sequence[_Step], pair: tuple[TelemetryEvent, TelemetryEvent] | None) -> str:
    said = {step.event.event_id: _tip(step) for step in steps}
    if pair is None:
        return f"Sequence of {counted(len(steps), 'event')}; {said[steps[-1].event.event_id]}."
    gap = duration(pair[1].occurred_at - pair[0].occurred_at)
    return f"Sequence: {said[pair[0].event_id]}; {gap} later, {said[pair[1].event_id]}."
