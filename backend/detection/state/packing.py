"""States as plain JSON: numbers, texts and lists of them."""

from collections.abc import Callable, Sequence
from typing import TypeVar, cast

Packed = None | bool | int | float | str | list["Packed"]
"""What a state is written as."""
T = TypeVar("T")


class StateInvalid(ValueError):
    """What was read is no state of this release; the message is one phrase."""


def items(value: Packed, count: int | None = None) -> list[Packed]:
    """The items of a list, of `count` items if that is given. Raises StateInvalid."""
    if not isinstance(value, list) or (count is not None and len(value) != count):
        raise StateInvalid(f"a list{f' of {count}' if count is not None else ''} was expected")
    return value


def number(value: Packed) -> float:
    """A number. Raises StateInvalid."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise StateInvalid("a number was expected")
    return float(value)


def whole(value: Packed) -> int:
    """A whole number. Raises StateInvalid."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise StateInvalid("a whole number was expected")
    return value


def text(value: Packed) -> str:
    """A text. Raises StateInvalid."""
    if not isinstance(value, str):
        raise StateInvalid("a text was expected")
    return value


def floats(value: Packed, *, multiple_of: int = 1, at_most: int) -> list[float]:
    """Numbers. Raises StateInvalid when there are too many, or as many as cannot be."""
    given = items(value)
    if len(given) > at_most or len(given) % multiple_of:
        raise StateInvalid(f"{len(given)} numbers are not what was expected")
    return [number(each) for each in given]


def listed(values: Sequence[float]) -> Packed:
    """Numbers as a list."""
    return cast("Packed", list(values))


def optional(value: Packed, read: Callable[[Packed], T]) -> T | None:
    """None, or what `read` makes of it."""
    return None if value is None else read(value)
