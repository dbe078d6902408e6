"""The priority of a severity, as a number that sorts."""

from collections.abc import Mapping

from contracts.severity import Severity

PRIORITY: Mapping[Severity, int] = {"critical": 0, "high": 1, "medium": 2, "low": 3}
"""Of two cases that are due at the same moment, the one with the smaller number comes first."""
