"""The risk levels of scores, for guard rails, prompts and labels.

The score from which a person decides is part of the case's policy: `InvestigationPolicy.auto_clear_threshold`.
"""

import math
from collections.abc import Mapping
from typing import TypeGuard

from contracts.assessment import RiskLevel

LEVEL_FROM: Mapping[RiskLevel, float] = {"low": 0.0, "medium": 0.3, "high": 0.6, "critical": 0.85}
"""The score from which each level holds, in ascending order."""


def is_usable(score: float | None) -> TypeGuard[float]:
    """Whether a score is a finite number from 0 to 1."""
    return score is not None and math.isfinite(score) and 0.0 <= score <= 1.0


def level_of(score: float | None) -> RiskLevel | None:
    """The level of a score; None of an unusable one: what is not known is neither harmless nor risky."""
    if not is_usable(score):
        return None
    return next(level for level, start in reversed(tuple(LEVEL_FROM.items())) if score >= start)
