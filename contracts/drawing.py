"""What an alert says, drawn: marks that are laid out once, for the page and for the printed file alike."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.base import Contract

MarkRole = Literal[
    "sea",
    "land",
    "grid",
    "axis",
    "label",
    "band",
    "expected",
    "threshold",
    "series",
    "arc",
    "home",
    "event",
    "success",
    "failed",
    "refund",
    "change",
    "trigger",
]
"""What a mark means. Each renderer has one look for each; forms differ as well, so that nothing hangs on colour."""

Point = tuple[float, float]
"""x to the right and y downwards, in the drawing's units."""


class PathMark(Contract):
    """A line through points, or the area within them."""

    shape: Literal["path"] = "path"
    role: MarkRole
    points: Annotated[tuple[Point, ...], Field(min_length=2)]
    closed: bool = False
    tip: str | None = None
    """What a pointer over it shows."""


class CircleMark(Contract):
    shape: Literal["circle"] = "circle"
    role: MarkRole
    x: float
    y: float
    r: float
    tip: str | None = None


class RectMark(Contract):
    shape: Literal["rect"] = "rect"
    role: MarkRole
    x: float
    y: float
    width: float
    height: float
    tip: str | None = None


class TextMark(Contract):
    """One line of text; `y` is its base line."""

    shape: Literal["text"] = "text"
    role: MarkRole
    x: float
    y: float
    anchor: Literal["start", "middle", "end"] = "start"
    text: str


Mark = Annotated[PathMark | CircleMark | RectMark | TextMark, Field(discriminator="shape")]


class Drawing(Contract):
    """One picture of an alert's evidence. All marks lie within `width` and `height`; later ones cover earlier ones."""

    kind: Literal["map", "history", "sequence"]
    title: str
    summary: str
    """The same in one sentence, for who does not see it."""
    width: float
    height: float
    marks: tuple[Mark, ...]
    notes: tuple[str, ...] = ()
    """What a reader must know: a logarithmic axis, what is not drawn."""
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """The same numbers as a table, oldest first: as many cells as `columns`."""


class AlertDrawings(Contract):
    """What is drawn of one alert; nothing where its rule is not known, or its evidence was left out."""

    items: tuple[Drawing, ...]
