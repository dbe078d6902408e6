"""Autonomy by band: who decides about a case, by the rules that raised its alerts."""

from collections.abc import Collection, Iterable
from typing import Annotated, Literal, TypeAlias, get_args

from pydantic import Field

from contracts.base import Contract, Score
from contracts.severity import Severity, is_at_least

Decider = Literal["auto_clear", "one_analyst", "two_people", "manager_first"]
"""`auto_clear`: the guard rails may clear the case. `one_analyst`: a person decides. `two_people`: whatever is approved
takes two. `manager_first`: a manager is asked rather than an analyst."""
MAX_BANDS = 12


class AutonomyBand(Contract):
    """Who decides about a case from a score and a severity on."""

    decider: Decider
    from_score: Score = 0.0
    """The overall risk score of the assessment. One that is not known counts as 1."""
    from_severity: Severity = "low"
    """That of the alert."""


Bands: TypeAlias = Annotated[tuple[AutonomyBand, ...], Field(max_length=MAX_BANDS)]
"""Of one rule. Every band that applies counts: none takes away what another asks for. They ask for more than the
policy of the case, never for less."""


def deciders(bands: Iterable[AutonomyBand], severity: Severity, score: float | None) -> tuple[Decider, ...]:
    """Who decides about an alert of that severity in a case of that score, the least demanding first.

    Empty where no band applies: then the policy of the case says it alone.
    """
    found = {
        band.decider
        for band in bands
        if (score is None or score >= band.from_score) and is_at_least(severity, band.from_severity)
    }
    return tuple(decider for decider in ALL_DECIDERS if decider in found)


def people_among(found: Collection[Decider]) -> tuple[Decider, ...]:
    """Those of them who are people, the least demanding first."""
    return tuple(decider for decider in ALL_DECIDERS if decider in found and decider != "auto_clear")


ALL_DECIDERS: tuple[Decider, ...] = get_args(Decider)
