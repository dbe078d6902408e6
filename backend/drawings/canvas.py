"""Collects the marks of one drawing, rounded; and the forms that marks of one meaning share."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from backend.drawings.labels import fitting, width_of
from contracts.drawing import CircleMark, Mark, MarkRole, PathMark, Point, RectMark, TextMark

WIDTH = 720.0
LEGEND_LINE = 18.0
TEXT_HEIGHT = 11.0
_CORNERS: dict[MarkRole, Sequence[Point]] = {
    "change": ((0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)),
    "success": ((0, -1.3), (1.2, 0.9), (-1.2, 0.9)),
    "refund": ((-1, -1), (1, -1), (1, 1), (-1, 1)),
    "home": ((0, -1.4), (1.3, -0.2), (0.9, 1.1), (-0.9, 1.1), (-1.3, -0.2)),
    "failed": (
        (-1.2, -0.7), (-0.7, -1.2), (0, -0.5), (0.7, -1.2), (1.2, -0.7), (0.5, 0),
        (1.2, 0.7), (0.7, 1.2), (0, 0.5), (-0.7, 1.2), (-1.2, 0.7), (-0.5, 0),
    ),
}  # fmt: skip
"""Forms of radius one. What has none here is a circle."""


class LegendEntry(NamedTuple):
    role: MarkRole
    text: str


class Canvas:
    """Marks in the order in which they are drawn."""

    def __init__(self) -> None:
        self._marks: list[Mark] = []

    @property
    def marks(self) -> tuple[Mark, ...]:
        return tuple(self._marks)

    def path(self, role: MarkRole, points: Iterable[Point], *, closed: bool = False, tip: str | None = None) -> None:
        """A line, or an area; nothing where it has less than two points."""
        rounded = tuple((_rounded(x), _rounded(y)) for x, y in points)
        if len(rounded) >= 2:
            self._marks.append(PathMark(role=role, points=rounded, closed=closed, tip=tip))

    def rect(self, role: MarkRole, x: float, y: float, width: float, height: float, tip: str | None = None) -> None:
        self._marks.append(
            RectMark(role=role, x=_rounded(x), y=_rounded(y), width=_rounded(width), height=_rounded(height), tip=tip)
        )

    def symbol(self, role: MarkRole, x: float, y: float, r: float, tip: str | None = None) -> None:
        """The form of this meaning."""
        corners = _CORNERS.get(role)
        if corners is None:
            self._marks.append(CircleMark(role=role, x=_rounded(x), y=_rounded(y), r=r, tip=tip))
        else:
            self.path(role, ((x + r * dx, y + r * dy) for dx, dy in corners), closed=True, tip=tip)

    def text(
        self,
        role: MarkRole,
        x: float,
        y: float,
        text: str,
        anchor: Literal["start", "middle", "end"] = "start",
    ) -> None:
        """One line. It is moved, and if need be cut, so that it stays between the sides."""
        text = fitting(text, WIDTH - 8)
        width = width_of(text)
        before = {"start": 0.0, "middle": width / 2, "end": width}[anchor]
        x = min(max(x, 4 + before), WIDTH - 4 - width + before)
        self._marks.append(TextMark(role=role, x=_rounded(x), y=_rounded(y), anchor=anchor, text=text))

    def legend(self, entries: Iterable[LegendEntry], y: float) -> float:
        """What the marks mean, in as many lines as it takes. Returns the height of all."""
        x, line = 8.0, 0
        for role, text in dict.fromkeys(entries):
            width = 26.0 + width_of(text)
            if x > 8 and x + width > WIDTH:
                x, line = 8.0, line + 1
            base = y + (line + 1) * LEGEND_LINE - 4
            self._sample(role, x + 6, base - 4)
            self.text("axis", x + 16, base, text)
            x += width
        return (line + 1) * LEGEND_LINE

    def _sample(self, role: MarkRole, x: float, y: float) -> None:
        if role == "band":
            self.rect(role, x - 6, y - 5, 12, 10)
        elif role in ("expected", "threshold", "series", "arc"):
            self.path(role, ((x - 6, y), (x + 6, y)))
        else:
            self.symbol(role, x, y, 4.0)


def _rounded(value: float) -> float:
    return round(value, 1)
