"""What plots have in common: their frame, axes, the baseline across them, and lanes of events below."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from backend.drawings.axes import Scale, day_text, time_ticks, value_ticks
from backend.drawings.canvas import WIDTH, Canvas
from backend.drawings.labels import brief, fitting, width_of
from contracts.drawing import MarkRole

LEFT, RIGHT = 78.0, WIDTH - 132.0
"""Where the axes begin and end: to the left are values, to the right the names of lines."""
TOP, BOTTOM = 30.0, 210.0
LANE_HEIGHT = 22.0
_LINE_HEIGHT = 13.0


class Level(NamedTuple):
    """A value that is drawn across the whole plot, with its name beside it."""

    role: MarkRole
    value: float
    text: str


def value_axis(canvas: Canvas, scale: Scale, title: str, written: Callable[[float], str] = brief) -> None:
    """Grid lines, their values, and what is measured."""
    for value in value_ticks(scale):
        y = scale.place(value)
        canvas.path("grid", ((LEFT, y), (RIGHT, y)))
        canvas.text("axis", LEFT - 6, y + 4, fitting(written(value), LEFT - 12), "end")
    canvas.text("axis", 8, TOP - 14, f"{title}, logarithmic axis" if scale.is_log else title)


def time_axis(canvas: Canvas, scale: Scale, y: float) -> float:
    """The line, its times, and their day. Returns the height that it takes."""
    canvas.path("grid", ((LEFT, y), (RIGHT, y)))
    free_from = 0.0
    for t, text in time_ticks(scale):
        x, width = scale.place(t), width_of(text)
        canvas.path("grid", ((x, y), (x, y + 4)))
        if x - width / 2 >= free_from and x + width / 2 <= RIGHT + 4:
            canvas.text("axis", x, y + 17, text, "middle")
            free_from = x + width / 2 + 10
    canvas.text("axis", RIGHT + 8, y + 17, fitting(day_text(scale), WIDTH - RIGHT - 14))
    return 26.0


def baseline_band(canvas: Canvas, scale: Scale, lower: float, upper: float, tip: str) -> None:
    """Where usual values lie."""
    top, bottom = scale.place(max(lower, upper)), scale.place(min(lower, upper))
    canvas.rect("band", LEFT, top, RIGHT - LEFT, max(bottom - top, 1.0), tip)


def levels(canvas: Canvas, scale: Scale, shown: Iterable[Level]) -> None:
    """Lines across the plot. Names that would cover each other are moved apart."""
    ordered = sorted(shown, key=lambda level: -level.value)
    bases = _apart([scale.place(level.value) + 4 for level in ordered], TOP, BOTTOM + 4)
    for level, base in zip(ordered, bases, strict=True):
        y = scale.place(level.value)
        if level.role != "trigger":
            canvas.path(level.role, ((LEFT, y), (RIGHT, y)), tip=level.text)
        canvas.text("label" if level.role == "trigger" else "axis", RIGHT + 8, base, _beside(level.text))


def _beside(text: str) -> str:
    return fitting(text, WIDTH - RIGHT - 14)


def _apart(bases: Sequence[float], top: float, bottom: float) -> list[float]:
    """The base lines of texts, in the order in which they come from above, moved apart within the bounds."""
    found: list[float] = []
    for base in bases:
        found.append(max(base, found[-1] + _LINE_HEIGHT if found else top))
    limit = bottom
    for number in reversed(range(len(found))):
        found[number] = min(found[number], limit)
        limit = found[number] - _LINE_HEIGHT
    return found


class LaneMark(NamedTuple):
    """One event in a lane."""

    role: MarkRole
    t: float
    tip: str
    label: str | None = None


class Lane(NamedTuple):
    name: str
    marks: Sequence[LaneMark]


def lanes(canvas: Canvas, scale: Scale, rows: Sequence[Lane], top: float) -> float:
    """A line of events for each name. Returns the height that they take."""
    for number, (name, marks) in enumerate(rows):
        y = top + LANE_HEIGHT * (number + 0.5)
        canvas.path("grid", ((LEFT, y), (RIGHT, y)))
        canvas.text("axis", RIGHT + 8, y + 4, _beside(name))
        for mark in marks:
            x = scale.place(mark.t)
            canvas.symbol(mark.role, x, y, 5.0 if mark.role == "trigger" else 3.6, mark.tip)
        _lane_labels(canvas, scale, marks, y)
    return LANE_HEIGHT * len(rows)


def _lane_labels(canvas: Canvas, scale: Scale, marks: Sequence[LaneMark], y: float) -> None:
    """Of the newest marks that have one, as far as there is room."""
    free_until = RIGHT
    for mark in sorted(marks, key=lambda each: -each.t):
        if mark.label is None:
            continue
        width = width_of(mark.label)
        end = min(scale.place(mark.t) + width / 2, free_until)
        if end - width < LEFT or abs(end - width / 2 - scale.place(mark.t)) > width / 2 + 12:
            continue
        canvas.text("label", end, y - 9, mark.label, "end")
        free_until = end - width - 8


def grouped(named: Iterable[tuple[str, LaneMark]], most: int, rest: str) -> list[Lane]:
    """Lanes by name, those with the most marks first; what is beyond `most` names shares the last lane."""
    by_name: dict[str, list[LaneMark]] = {}
    for name, mark in named:
        by_name.setdefault(name, []).append(mark)
    ordered = sorted(by_name.items(), key=lambda each: -len(each[1]))
    if len(ordered) <= most:
        return [Lane(name, marks) for name, marks in ordered]
    others = [mark for _, marks in ordered[most - 1 :] for mark in marks]
    return [
        *(Lane(name, marks) for name, marks in ordered[: most - 1]),
        Lane(rest.format(len(ordered) - most + 1), others),
    ]
