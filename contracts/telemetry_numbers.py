"""Parses numbers of telemetry that are written as text: in plain digits, or not at all."""

import math
import re
from typing import Any

_PLAIN = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)


def is_plain(text: str) -> bool:
    """Whether a text is a number in the digits 0 to 9, with a point before the decimals and blanks around it at most.

    Python reads more: `1_000`, and digits of other scripts.
    """
    return _PLAIN.fullmatch(text.strip()) is not None


def number(value: object) -> float | None:
    """A finite number, also written as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and not is_plain(value):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def whole(value: object) -> int | None:
    """A whole number from 0 to 2**63, also written as text or with a point."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < 2**63 else None


def into_text(holder: dict[str, Any], name: str) -> bool:
    """Makes a number text; False when it is none."""
    value = holder.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    holder[name] = str(value)
    return True
