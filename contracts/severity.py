"""How bad an alert is."""

from collections.abc import Iterable
from typing import Literal, get_args

Severity = Literal["low", "medium", "high", "critical"]
_BY_WEIGHT: tuple[Severity, ...] = get_args(Severity)


def worst_of(severities: Iterable[Severity]) -> Severity:
    """The worst of one or more."""
    return _BY_WEIGHT[max(map(_BY_WEIGHT.index, severities))]


def is_at_least(severity: Severity, least: Severity) -> bool:
    """Whether it is as bad as that, or worse."""
    return _BY_WEIGHT.index(severity) >= _BY_WEIGHT.index(least)
