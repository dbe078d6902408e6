"""Where there is room for the names of places and ways on a map."""

from collections.abc import Iterable, Sequence

from backend.drawings.canvas import TEXT_HEIGHT, WIDTH, Canvas
from backend.drawings.globe import Box
from backend.drawings.labels import width_of
from contracts.drawing import Point


class Labels:
    """Finds room for labels: within the map, over no other label, and over as little of an arc as can be."""

    def __init__(self, within: Box, arcs: Sequence[Point]) -> None:
        self._within = within
        self._arcs = arcs
        self._taken: list[Box] = []

    def take(self, candidates: Iterable[Box]) -> Box | None:
        """The best of the places, the earlier of two that are as good; None where there is room in none."""
        free = [box for box in candidates if self._is_free(box)]
        if not free:
            return None
        best = min(free, key=self._covered)
        self._taken.append(best)
        return best

    def _is_free(self, box: Box) -> bool:
        bounds = self._within
        is_within = box.left >= bounds.left + 4 and box.right <= bounds.right - 4
        is_within = is_within and box.top >= bounds.top + 4 and box.bottom <= bounds.bottom - 4
        return is_within and not any(_overlap(box, other) for other in self._taken)

    def _covered(self, box: Box) -> int:
        return sum(box.left - 5 <= x <= box.right + 5 and box.top - 3 <= y <= box.bottom + 3 for x, y in self._arcs)


def place_label(canvas: Canvas, at: Point, lines: Sequence[str], labels: Labels) -> None:
    """Beside its mark; nowhere if there is no room on any side."""
    x, y = at
    width, height = max(map(width_of, lines)), 13.0 * len(lines)
    corners = (
        (x + 12, y - 8), (x - 12 - width, y - 8), (x - width / 2, y + 10), (x - width / 2, y - 10 - height),
        (x + 12, y + 6), (x - 12 - width, y + 6), (x + 12, y - height), (x - 12 - width, y - height),
    )  # fmt: skip
    box = labels.take(Box(left, top, left + width, top + height) for left, top in corners)
    for number, line in enumerate(lines if box is not None else ()):
        assert box is not None
        canvas.text("label" if number == 0 else "axis", box.left, box.top + TEXT_HEIGHT - 1 + 13 * number, line)


def arc_label(canvas: Canvas, points: Sequence[Point], text: str, labels: Labels) -> None:
    """Above or below the arc, as near to its middle as there is room."""
    width, height = width_of(text), TEXT_HEIGHT + 4
    boxes: list[Box] = []
    for share in (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8):
        x, y = points[round(share * (len(points) - 1))]
        left = min(max(x - width / 2, 6.0), WIDTH - width - 6)
        tops = (y - 6 - height, y + 8, y - 28 - height, y + 30)
        boxes += [Box(left, top, left + width, top + height) for top in tops]
        boxes += [Box(beside, y, beside + width, y + height) for beside in (x + 10, x - 10 - width)]
    if (box := labels.take(boxes)) is not None:
        canvas.text("label", box.left, box.top + TEXT_HEIGHT, text)


def _overlap(a: Box, b: Box) -> bool:
    return a.left < b.right and b.left < a.right and a.top < b.bottom and b.top < a.bottom
